"""What the incidents service does with each message.

An event only says that a monitor has changes; what they are is read from its spans, from the
last one followed on. So a lost, repeated or reordered event can't lose or double an incident.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from vedette.bus.api import Handler, Message, Queue
from vedette.bus.topology import STATES
from vedette.core.events import Event, IncidentOpened, IncidentResolved
from vedette.core.ids import uuid7
from vedette.core.state import State
from vedette.incidents.apart import each_apart
from vedette.incidents.domain import (
    Change,
    Cursor,
    Incident,
    Monitor,
    Opened,
    Planned,
    Resolved,
    Waiting,
    follow,
    opened,
    resolve,
    waiting,
)
from vedette.incidents.store.incidents import Store
from vedette.incidents.telling import tell
from vedette.runtime.together import Together
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, Pool, connection, transaction

BATCH = 200
# So many transactions that follow a single monitor run at a time, and so many for those together
# whose changes mean nothing.
_AT_ONCE = 8
_PASSING_AT_ONCE = 2

log = structlog.get_logger()


@dataclass(slots=True)
class _Changed:
    """A monitor of whose changes somebody told. `left`: they may mean something."""

    monitor: UUID
    left: bool = True


class Handlers:
    """The consumers of the incidents service, and its reconciliation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._changed = Together(
            self._pass_over, group=lambda _: None, most=BATCH, at_once=_PASSING_AT_ONCE
        )

    def table(self) -> dict[Queue, Handler]:
        """Which queue goes where."""
        return {STATES: self.follow_monitor}

    async def follow_monitor(self, message: Message) -> None:
        """A monitor changed its state, or was deleted."""
        event = Event.model_validate_json(message.body)
        changed = _Changed(UUID(event.data["monitor"]["id"]))
        if event.data.get("state") != State.DOWN:  # mostly that a new monitor is up
            await self._changed.add(changed)
        if changed.left:
            async with self._places, transaction(self._pool) as db:
                await catch_up(db, changed.monitor)

    async def reconcile(self) -> None:
        """Follow what no event has told of in the last hour."""
        async with connection(self._pool) as db:
            behind = await Store(db).lately_behind(BATCH)
        await each_apart(self._pool, behind, catch_up)

    async def reconcile_all(self) -> None:
        """Follow what no event has ever told of."""
        async with connection(self._pool) as db:
            behind = await Store(db).behind(BATCH)
        await each_apart(self._pool, behind, catch_up)

    async def _pass_over(self, changed: Sequence[_Changed]) -> None:
        async with transaction(self._pool) as db:
            passed = await Store(db).pass_over({one.monitor for one in changed})
        for one in changed:
            one.left = one.monitor not in passed


async def catch_up(db: Connection, monitor_id: UUID) -> None:
    """Follow all changes of a monitor that were not followed yet, in the caller's transaction."""
    store = Store(db)
    monitor = await store.monitor(monitor_id)
    if monitor is None:
        return
    cursor = await store.lock_cursor(monitor_id)
    changes = await store.changes_after(monitor_id, cursor.sequence)
    await store.move_cursor(monitor_id, await _Pursuit(store, monitor).follow(cursor, changes))


class _Pursuit:
    """Following a monitor's changes, inside one transaction that has its cursor locked."""

    def __init__(self, store: Store, monitor: Monitor) -> None:
        self._store = store
        self._monitor = monitor
        self._now = now_ms()

    async def follow(self, cursor: Cursor, changes: list[Change]) -> Cursor:
        """Do what the changes mean; returns how far they were followed."""
        current = await self._store.open_incident(self._monitor.ref.id)
        if self._monitor.deleted:
            if current is not None:
                await self._apply(Resolved(resolve(current, "deleted", at=None, now=self._now)))
            return Cursor(changes[-1].sequence if changes else cursor.sequence, None)
        maintenances: list[Planned] = []
        if cursor.waiting is not None or any(change.state is State.DOWN for change in changes):
            maintenances = await self._store.maintenances(self._monitor)
        waits = cursor.waiting
        for change in changes:
            turn = follow(
                current,
                change,
                new_id=uuid7(self._now),
                channels=self._monitor.channels,
                now=self._now,
                maintenances=maintenances,
            )
            # Whatever waited: its state is over.
            waits = turn if isinstance(turn, Waiting) else None
            if isinstance(turn, Opened | Resolved):
                current = await self._apply(turn)
        if waits is not None:
            waits = await self._release(waits, maintenances)
        return Cursor(changes[-1].sequence if changes else cursor.sequence, waits)

    async def _release(self, waits: Waiting, maintenances: list[Planned]) -> Waiting | None:
        """Open what waits if no maintenance keeps it any more; else it waits on."""
        change = await self._store.change(self._monitor.ref.id, waits.sequence)
        still = waiting(change, maintenances, self._now)
        if still is not None:
            log.info("an incident waits", monitor=str(self._monitor.ref.id), on=still.held.name)
            return still
        turn = opened(
            change,
            new_id=uuid7(self._now),
            channels=self._monitor.channels,
            now=self._now,
            held=waits.held,
        )
        await self._apply(turn)
        return None

    async def _apply(self, turn: Opened | Resolved) -> Incident | None:
        """Keep a turn and tell of it; returns the incident that is open afterwards."""
        incident, ref = turn.incident, self._monitor.ref
        if isinstance(turn, Opened):
            await self._store.insert(self._monitor, incident)
            opening = IncidentOpened(incident=incident.ref(), monitor=ref)
            await tell(self._store.db, self._monitor, opening, self._now)
            return incident
        await self._store.close(incident)
        resolution = IncidentResolved(incident=incident.ref(), monitor=ref)
        await tell(self._store.db, self._monitor, resolution, self._now)
        return None
