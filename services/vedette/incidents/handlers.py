"""What the incidents service does with each message.

An event only says that a monitor has changes; what they are is read from its spans, from the
last one followed on. So a lost, repeated or reordered event can't lose or double an incident.
"""

import time
from uuid import UUID

import structlog
from prometheus_client import Counter

from vedette.bus.api import Handler, Message, Queue
from vedette.bus.topology import STATES
from vedette.core.events import Event, EventData, IncidentOpened, IncidentResolved
from vedette.core.ids import uuid7
from vedette.incidents.domain import Incident, Opened, Resolved, follow, resolve
from vedette.incidents.store import Monitor, Store
from vedette.store import outbox
from vedette.store.pool import Pool, connection, transaction
from vedette.telemetry.traces import traceparent

BATCH = 200

turns = Counter("vedette_incidents_total", "Incidents opened and resolved.", ["turn"])
log = structlog.get_logger()


class Handlers:
    """The consumers of the incidents service, and its reconciliation."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def table(self) -> dict[Queue, Handler]:
        """Which queue goes where."""
        return {STATES: self.follow_monitor}

    async def follow_monitor(self, message: Message) -> None:
        """A monitor changed its state, or was deleted."""
        event = Event.model_validate_json(message.body)
        async with transaction(self._pool) as db:
            await _catch_up(Store(db), UUID(event.data["monitor"]["id"]))

    async def reconcile(self) -> None:
        """Follow what no event has told of."""
        async with connection(self._pool) as db:
            behind = await Store(db).behind(BATCH)
        for monitor in behind:
            async with transaction(self._pool) as db:
                await _catch_up(Store(db), monitor)


async def _catch_up(store: Store, monitor_id: UUID) -> None:
    monitor = await store.monitor(monitor_id)
    if monitor is None:
        return
    followed = await store.lock_cursor(monitor_id)
    current = await store.open_incident(monitor_id)
    now = time.time_ns() // 1_000_000
    for change in await store.changes_after(monitor_id, followed):
        if not monitor.deleted:
            turn = follow(current, change, new_id=uuid7(now), channels=monitor.channels, now=now)
            current = await _apply(store, monitor, turn, current, now)
        followed = change.sequence
    if monitor.deleted and current is not None:
        turn = Resolved(resolve(current, "deleted", at=None, now=now))
        await _apply(store, monitor, turn, current, now)
    await store.move_cursor(monitor_id, followed)


async def _apply(
    store: Store,
    monitor: Monitor,
    turn: Opened | Resolved | None,
    current: Incident | None,
    now: int,
) -> Incident | None:
    """Keep a turn and tell of it; returns the incident that is open afterwards."""
    match turn:
        case Opened(incident):
            await store.insert(monitor, incident)
            await _tell(
                store, monitor, IncidentOpened(incident=incident.ref(), monitor=monitor.ref), now
            )
            return incident
        case Resolved(incident):
            await store.close(incident)
            await _tell(
                store, monitor, IncidentResolved(incident=incident.ref(), monitor=monitor.ref), now
            )
            return None
        case None:
            return current


async def _tell(store: Store, monitor: Monitor, data: EventData, now: int) -> None:
    event = Event.of(data, workspace=monitor.workspace_id, at_ms=now, traceparent=traceparent())
    await outbox.put(store.db, [event])
    turns.labels(data.NAME.rpartition(".")[2]).inc()
    log.info(data.NAME, incident=data.subject(), monitor=str(monitor.ref.id))
