"""Statements on incidents, and on how far the changes of monitors were followed."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from vedette.core.instants import to_datetime
from vedette.incidents.domain import Change, Cursor, Incident, Monitor, Planned
from vedette.incidents.store.rows import (
    read_change,
    read_incident,
    read_monitor,
    read_waiting,
)
from vedette.store.maintenance import read_maintenance
from vedette.store.pool import Connection

_INCIDENT = (
    "select i.monitor_id, i.id, i.since, i.opened_at, i.opened_by, i.channels, i.held,"
    # Its span's has the votes that came later as well.
    " i.reminded_at, i.reminders, coalesce(s.cause, i.cause) as cause from incident i"
    " left join span s on s.monitor_id = i.monitor_id and s.sequence = i.opened_by"
)
_TO_REMIND = (
    "join monitor m on m.id = i.monitor_id"
    " where i.resolved_at is null and m.deleted_at is null"
    " and m.spec->>'remind_every_s' is not null"
    " and coalesce(i.reminded_at, i.opened_at)"
    "  + make_interval(secs => (m.spec->>'remind_every_s')::int) <= $1"
    " and not exists (select from maintenance_window w"
    "  where w.workspace_id = i.workspace_id and w.ended_at is null and (w.everything"
    "   or i.monitor_id = any(w.monitors) or m.spec->'tags' ?| w.tags))"
)
_COME = (
    "select array(select id from maintenance where next_turn_at <= $1"  # noqa: S608  (ours)
    "  order by next_turn_at) as turns,"
    " array(select monitor_id from incident_cursor where held_until <= $1"
    "  order by held_until limit $2) as waiting,"
    f" array(select i.id from incident i {_TO_REMIND} order by i.id) as to_remind"
)


class Come(NamedTuple):
    """What time alone brings."""

    turns: list[UUID]
    """Maintenances that have a turn."""
    waiting: list[UUID]
    """Monitors whose change has waited long enough, as far as is known."""
    to_remind: list[UUID]
    """Open incidents of which a reminder is due; not of monitors in maintenance."""


class Store:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def lock_cursor(self, monitor: UUID) -> Cursor:
        """Where a monitor's changes were followed to; one transaction at a time gets past this."""
        await self.db.execute(
            "insert into incident_cursor (monitor_id, sequence) values ($1, 0)"
            " on conflict do nothing",
            monitor,
        )
        row: Any = await self.db.fetchrow(
            "select sequence, held, held_until from incident_cursor where monitor_id = $1"
            " for update",
            monitor,
        )
        return Cursor(row["sequence"], None if row["held"] is None else read_waiting(row))

    async def pass_over(self, monitors: Collection[UUID]) -> set[UUID]:
        """Follow changes that mean nothing: of monitors with no incident that did not go down.

        Says of which monitors all changes are followed now; the others are left as they are.
        """
        ids = list(monitors)
        await self.db.execute(
            "insert into incident_cursor (monitor_id, sequence)"
            " select id, 0 from monitor where id = any($1::uuid[]) order by id"
            " on conflict do nothing",
            ids,
        )
        # In one order, and by itself: what others did who had them is seen by the next statement.
        await self.db.execute(
            "select from incident_cursor where monitor_id = any($1::uuid[])"
            " order by monitor_id for update",
            ids,
        )
        rows = await self.db.fetch(
            "update incident_cursor c set sequence = coalesce(s.last, c.sequence)"
            " from incident_cursor o, lateral (select max(sequence) as last,"
            "  bool_or(state = 'down') as down from span"
            "  where monitor_id = o.monitor_id and sequence > o.sequence) s"
            " where o.monitor_id = any($1::uuid[]) and o.held is null and s.down is not true"
            " and not exists (select from incident i"
            "  where i.monitor_id = o.monitor_id and i.resolved_at is null)"
            " and c.monitor_id = o.monitor_id returning c.monitor_id",
            ids,
        )
        return {row["monitor_id"] for row in rows}

    async def move_cursor(self, monitor: UUID, cursor: Cursor) -> None:
        """Remember where a monitor's changes were followed to."""
        waiting = cursor.waiting
        await self.db.execute(
            "update incident_cursor set sequence = $2, held = $3, held_until = $4"
            " where monitor_id = $1",
            monitor,
            cursor.sequence,
            None if waiting is None else waiting.held.model_dump(mode="json"),
            None if waiting is None else to_datetime(waiting.until),
        )

    async def maintenances(self, monitor: Monitor) -> list[Planned]:
        """The maintenances that a monitor is part of; for what can't be read nothing waits."""
        rows = await self.db.fetch(
            "select id, spec from maintenance where workspace_id = $1 and deleted_at is null"
            " order by id",
            monitor.workspace_id,
        )
        read = [(row["id"], read_maintenance(row)) for row in rows]
        return [
            Planned(id, spec)
            for id, spec in read
            if spec is not None and spec.covers(monitor.ref.id, monitor.ref.tags)
        ]

    async def monitor(self, monitor: UUID) -> Monitor | None:
        """The monitor, deleted or not."""
        row = await self.db.fetchrow(
            "select id, workspace_id, spec, target, deleted_at is not null as deleted"
            " from monitor where id = $1",
            monitor,
        )
        return read_monitor(row) if row else None

    async def changes_after(self, monitor: UUID, sequence: int) -> list[Change]:
        """The changes of state that were not followed yet, in order."""
        rows = await self.db.fetch(
            "select sequence, state, started_at, decided_at, cause from span"
            " where monitor_id = $1 and sequence > $2 order by sequence",
            monitor,
            sequence,
        )
        return [read_change(row) for row in rows]

    async def change(self, monitor: UUID, sequence: int) -> Change:
        """One of the changes of state."""
        row = await self.db.fetchrow(
            "select sequence, state, started_at, decided_at, cause from span"
            " where monitor_id = $1 and sequence = $2",
            monitor,
            sequence,
        )
        return read_change(row)

    async def open_incident(self, monitor: UUID) -> Incident | None:
        """The incident that is open, if any."""
        row = await self.db.fetchrow(
            f"{_INCIDENT} where i.monitor_id = $1 and i.resolved_at is null",
            monitor,
        )
        return read_incident(row) if row else None

    async def insert(self, monitor: Monitor, incident: Incident) -> None:
        """Keep a new incident."""
        await self.db.execute(
            "insert into incident (id, workspace_id, monitor_id, state, severity, since,"
            " opened_at, opened_by, cause, channels, held)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
            None if incident.held is None else incident.held.model_dump(mode="json"),
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

    async def come(self, now: int, limit: int) -> Come:
        """What has come by `now` with time alone, so many waiting monitors at most."""
        row: Any = await self.db.fetchrow(_COME, to_datetime(now), limit)
        return Come(row["turns"], row["waiting"], row["to_remind"])

    async def lock_to_remind(self, id: UUID, now: int) -> tuple[UUID, Incident] | None:
        """One of them, and its monitor, if it still is and no other process has it locked."""
        row = await self.db.fetchrow(
            f"{_INCIDENT} {_TO_REMIND} and i.id = $2 for update of i skip locked",
            to_datetime(now),
            id,
        )
        return None if row is None else (row["monitor_id"], read_incident(row))

    async def remember_reminder(self, incident: Incident) -> None:
        """Keep that an incident had a reminder."""
        await self.db.execute(
            "update incident set reminded_at = $2, reminders = $3 where id = $1",
            incident.id,
            to_datetime(incident.reminded_at or 0),
            incident.reminders,
        )

    async def lately_behind(self, limit: int) -> list[UUID]:
        """Monitors with changes of state of the last hour that were not followed."""
        rows = await self.db.fetch(
            "select distinct s.monitor_id from span s"
            " left join incident_cursor c on c.monitor_id = s.monitor_id"
            " where s.decided_at > now() - interval '1 hour'"
            " and s.sequence > coalesce(c.sequence, 0) limit $1",
            limit,
        )
        return [row["monitor_id"] for row in rows]

    async def behind(self, limit: int) -> list[UUID]:
        """Monitors with changes of state, or an end, that were never followed. Looks at all."""
        rows = await self.db.fetch(
            "select s.monitor_id from monitor_state s"
            " left join incident_cursor c on c.monitor_id = s.monitor_id"
            " where s.sequence > coalesce(c.sequence, 0)"
            # Deleted, it has no changes any more that could tell of an end.
            " union select i.monitor_id from incident i join monitor m on m.id = i.monitor_id"
            " where i.resolved_at is null and m.deleted_at is not null limit $1",
            limit,
        )
        return [row["monitor_id"] for row in rows]
