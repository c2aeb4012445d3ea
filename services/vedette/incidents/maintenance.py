"""Maintenance: its windows are written down and told of when they begin and when they end."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from vedette.core.events import Event, MaintenanceEnded, MaintenanceRef, MaintenanceStarted
from vedette.core.instants import iso, to_datetime, to_ms
from vedette.core.maintenance import MaintenanceSpec
from vedette.core.windows import Ended, Started, next_turn, turns
from vedette.incidents.store import readable_maintenance
from vedette.store import outbox
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, Pool, transaction

log = structlog.get_logger()


async def follow_maintenances(pool: Pool) -> None:
    """Follow every maintenance that has a turn, each in a transaction of its own."""
    now = now_ms()
    while await _follow_one(pool, now):
        pass


async def _follow_one(pool: Pool, now: int) -> bool:
    """Whether there may be more."""
    async with transaction(pool) as db:
        store = Store(db)
        row = await store.due(now)
        if row is None:
            return False
        spec = readable_maintenance(row)
        if spec is None:
            await store.follow_on(row["id"], now, None)
        else:
            await _follow(store, _due(row, spec), now)
        return True


async def _follow(store: "Store", due: "Due", now: int) -> None:
    plan = due.spec if due.exists else None
    for turn in turns(
        plan,
        due.going_since,
        after_ms=due.followed_until,
        changed_ms=due.changed_at,
        now_ms=now,
    ):
        await _take(store, due, turn, now)
    await store.cover(due)
    await store.follow_on(due.id, now, next_turn(plan, now))
    # What waits may wait no longer, or shorter than it seemed.
    await store.let_look_again(due.workspace_id, now)


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


class Store:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def due(self, now: int) -> Any:
        """The row of a maintenance that has a turn, locked; others are left to whoever has them."""
        return await self.db.fetchrow(
            "select m.id, m.workspace_id, m.spec, m.deleted_at is null as exists,"
            " m.followed_until, m.updated_at, w.started_at from maintenance m"
            " left join maintenance_window w on w.maintenance_id = m.id and w.ended_at is null"
            " where m.next_turn_at <= $1 order by m.next_turn_at limit 1"
            " for update of m skip locked",
            to_datetime(now),
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


async def _take(store: Store, due: Due, turn: Started | Ended, now: int) -> None:
    """Keep a turn and tell of it."""
    match turn:
        case Started(start, until):
            await store.start(due, turn)
            event: MaintenanceStarted | MaintenanceEnded = MaintenanceStarted(
                maintenance=due.ref(), started_at=iso(start), until=iso(until)
            )
        case Ended(start, end):
            await store.end(due, turn)
            event = MaintenanceEnded(
                maintenance=due.ref(), started_at=iso(start), ended_at=iso(end)
            )
    await outbox.put(store.db, [Event.of(event, workspace=due.workspace_id, at_ms=now)])
    log.info(event.NAME, maintenance=str(due.id), name=due.spec.name)


def _due(row: Any, spec: MaintenanceSpec) -> Due:
    return Due(
        id=row["id"],
        workspace_id=row["workspace_id"],
        spec=spec,
        exists=row["exists"],
        followed_until=to_ms(row["followed_until"]),
        changed_at=to_ms(row["updated_at"]),
        going_since=None if row["started_at"] is None else to_ms(row["started_at"]),
    )
