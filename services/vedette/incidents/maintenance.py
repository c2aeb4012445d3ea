"""Maintenance: its windows are written down and told of when they begin and when they end."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from vedette.core.events import Event, MaintenanceEnded, MaintenanceStarted
from vedette.core.instants import iso
from vedette.core.windows import Ended, Started, next_turn, turns
from vedette.incidents.apart import each_apart
from vedette.incidents.store.maintenance import Due, Maintenances, read_due
from vedette.store import outbox
from vedette.store.maintenance import read_maintenance
from vedette.store.pool import Connection, Pool

log = structlog.get_logger()


async def follow_maintenances(pool: Pool, ids: Sequence[UUID], now: int) -> None:
    """Follow maintenances that have a turn at `now`."""

    async def follow_maintenance(db: Connection, id: UUID) -> None:
        store = Maintenances(db)
        row = await store.lock_due(id, now)
        if row is None:
            return
        spec = read_maintenance(row)
        if spec is None:
            await store.follow_on(id, now, None)
        else:
            await _follow(store, read_due(row, spec), now)

    await each_apart(pool, ids, follow_maintenance)


async def _follow(store: Maintenances, due: Due, now: int) -> None:
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


async def _take(store: Maintenances, due: Due, turn: Started | Ended, now: int) -> None:
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
