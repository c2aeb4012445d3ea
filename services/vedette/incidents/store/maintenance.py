"""Statements on maintenance and its windows, inside one transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vedette.core.events import MaintenanceRef
from vedette.core.instants import to_datetime, to_ms
from vedette.core.maintenance import MaintenanceSpec
from vedette.core.windows import Ended, Started
from vedette.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Due:
    """A maintenance that has a turn, as it stands."""

    id: UUID
    workspace_id: UUID
    spec: MaintenanceSpec
    exists: bool
    followed_until: int
    changed_at: int
    going_since: int | None

    def ref(self) -> MaintenanceRef:
        """As events tell it."""
        return MaintenanceRef(
            id=self.id,
            name=self.spec.name,
            everything=self.spec.everything,
            monitors=self.spec.monitors,
            tags=self.spec.tags,
        )


class Maintenances:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def lock_due(self, id: UUID, now: int) -> Any:
        """The row of one of them, if it still has a turn and no other process has it locked."""
        return await self.db.fetchrow(
            "select m.id, m.workspace_id, m.spec, m.deleted_at is null as exists,"
            " m.followed_until, m.updated_at, w.started_at from maintenance m"
            " left join maintenance_window w on w.maintenance_id = m.id and w.ended_at is null"
            " where m.id = $2 and m.next_turn_at <= $1 for update of m skip locked",
            to_datetime(now),
            id,
        )

    async def cover(self, due: Due) -> None:
        """Let the window that is going on be of what its maintenance is of now."""
        await self.db.execute(
            "update maintenance_window set everything = $2, monitors = $3, tags = $4"
            " where maintenance_id = $1 and ended_at is null",
            due.id,
            due.spec.everything,
            due.spec.monitors,
            due.spec.tags,
        )

    async def start(self, due: Due, started: Started) -> None:
        """Write a window down."""
        await self.db.execute(
            "insert into maintenance_window"
            " (maintenance_id, started_at, workspace_id, everything, monitors, tags)"
            " values ($1, $2, $3, $4, $5, $6)",
            due.id,
            to_datetime(started.start),
            due.workspace_id,
            due.spec.everything,
            due.spec.monitors,
            due.spec.tags,
        )

    async def end(self, due: Due, ended: Ended) -> None:
        """Write a window's end down."""
        await self.db.execute(
            "update maintenance_window set ended_at = $3"
            " where maintenance_id = $1 and started_at = $2",
            due.id,
            to_datetime(ended.start),
            to_datetime(ended.end),
        )

    async def follow_on(self, id: UUID, now: int, next_turn: int | None) -> None:
        """Remember how far a maintenance was followed, and when it has its next turn."""
        await self.db.execute(
            "update maintenance set followed_until = $2, next_turn_at = $3 where id = $1",
            id,
            to_datetime(now),
            None if next_turn is None else to_datetime(next_turn),
        )

    async def let_look_again(self, workspace: UUID, now: int) -> None:
        """Let everything that waits in a workspace be looked at now."""
        await self.db.execute(
            "update incident_cursor set held_until = $2 where monitor_id in ("
            " select c.monitor_id from incident_cursor c join monitor m on m.id = c.monitor_id"
            " where m.workspace_id = $1 and c.held_until > $2"
            " order by c.monitor_id for update of c)",
            workspace,
            to_datetime(now),
        )


def read_due(row: Any, spec: MaintenanceSpec) -> Due:
    """A row of `lock_due`, and its definition."""
    return Due(
        id=row["id"],
        workspace_id=row["workspace_id"],
        spec=spec,
        exists=row["exists"],
        followed_until=to_ms(row["followed_until"]),
        changed_at=to_ms(row["updated_at"]),
        going_since=None if row["started_at"] is None else to_ms(row["started_at"]),
    )
