"""The incidents service's SQL."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vedette.core.events import Cause, MonitorRef
from vedette.core.instants import to_datetime, to_ms
from vedette.core.state import State
from vedette.incidents.domain import Change, Incident
from vedette.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Monitor:
    """The monitor an incident is about."""

    ref: MonitorRef
    workspace_id: UUID
    channels: list[UUID]
    deleted: bool


class Store:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def lock_cursor(self, monitor: UUID) -> int:
        """The last change that was followed; one transaction at a time gets past this."""
        await self.db.execute(
            "insert into incident_cursor (monitor_id, sequence) values ($1, 0)"
            " on conflict do nothing",
            monitor,
        )
        sequence: int = await self.db.fetchval(
            "select sequence from incident_cursor where monitor_id = $1 for update", monitor
        )
        return sequence

    async def move_cursor(self, monitor: UUID, sequence: int) -> None:
        """Remember the last change that was followed."""
        await self.db.execute(
            "update incident_cursor set sequence = $2 where monitor_id = $1", monitor, sequence
        )

    async def monitor(self, monitor: UUID) -> Monitor | None:
        """The monitor, deleted or not."""
        row = await self.db.fetchrow(
            "select id, workspace_id, spec, target, deleted_at is not null as deleted"
            " from monitor where id = $1",
            monitor,
        )
        return _monitor(row) if row else None

    async def changes_after(self, monitor: UUID, sequence: int) -> list[Change]:
        """The changes of state that were not followed yet, in order."""
        rows = await self.db.fetch(
            "select sequence, state, started_at, cause from span"
            " where monitor_id = $1 and sequence > $2 order by sequence",
            monitor,
            sequence,
        )
        return [
            Change(
                row["sequence"],
                State(row["state"]),
                to_ms(row["started_at"]),
                Cause.model_validate(row["cause"] or {}),
            )
            for row in rows
        ]

    async def open_incident(self, monitor: UUID) -> Incident | None:
        """The incident that is open, if any."""
        row = await self.db.fetchrow(
            "select id, since, opened_at, opened_by, cause, channels from incident"
            " where monitor_id = $1 and resolved_at is null",
            monitor,
        )
        return _incident(row) if row else None

    async def insert(self, monitor: Monitor, incident: Incident) -> None:
        """Keep a new incident."""
        await self.db.execute(
            "insert into incident (id, workspace_id, monitor_id, state, severity, since,"
            " opened_at, opened_by, cause, channels)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            incident.id,
            monitor.workspace_id,
            monitor.ref.id,
            incident.ref().state,
            incident.ref().severity,
            to_datetime(incident.since),
            to_datetime(incident.opened_at),
            incident.opened_by,
            incident.cause.model_dump(mode="json", exclude_none=True),
            list(incident.channels),
        )

    async def close(self, incident: Incident) -> None:
        """Keep an incident's end."""
        recovered_at = incident.recovered_at
        await self.db.execute(
            "update incident set state = 'resolved', resolved_at = $2, recovered_at = $3,"
            " resolution = $4 where id = $1",
            incident.id,
            to_datetime(incident.resolved_at or 0),
            None if recovered_at is None else to_datetime(recovered_at),
            incident.resolution,
        )

    async def behind(self, limit: int) -> list[UUID]:
        """Monitors with changes of state that were never followed."""
        rows = await self.db.fetch(
            "select s.monitor_id from monitor_state s"
            " left join incident_cursor c on c.monitor_id = s.monitor_id"
            " where s.sequence > coalesce(c.sequence, 0) limit $1",
            limit,
        )
        return [row["monitor_id"] for row in rows]


def _monitor(row: Any) -> Monitor:
    spec = row["spec"]
    return Monitor(
        MonitorRef(
            id=row["id"],
            name=spec["name"],
            kind=spec["kind"],
            target=row["target"],
            tags=spec["tags"],
        ),
        row["workspace_id"],
        [UUID(channel) for channel in spec["channels"]],
        row["deleted"],
    )


def _incident(row: Any) -> Incident:
    return Incident(
        row["id"],
        to_ms(row["since"]),
        to_ms(row["opened_at"]),
        row["opened_by"],
        Cause.model_validate(row["cause"]),
        tuple(row["channels"]),
    )
