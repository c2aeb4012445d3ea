"""What one transaction will write, gathered while it decides."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from prometheus_client import Counter

from vedette.core.events import Cause, Event, EventData, MonitorStateChanged, MonitorSuspect
from vedette.core.instants import iso
from vedette.processor.domain import Judgement, Standing, Transition
from vedette.processor.roundbook import RoundBook
from vedette.processor.rows import Watched
from vedette.processor.store import Store
from vedette.store import outbox
from vedette.telemetry.traces import traceparent

transitions = Counter("vedette_transitions_total", "Changes of state.", ["previous", "state"])


class Ledger:
    """Standings, spans and events of one transaction. `now` is Unix ms."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.rounds = RoundBook(now)
        self._standings: dict[UUID, Standing] = {}
        self._last_checks: dict[UUID, dict[str, Any]] = {}
        self._causes: dict[UUID, Cause | None] = {}
        self._changes: list[tuple[Watched, Transition]] = []
        self._events: list[Event] = []

    def enter(
        self, who: Watched, judgement: Judgement, last_check: dict[str, Any] | None = None
    ) -> Watched:
        """Take a judgement with what follows from it; returns the monitor as it stands now."""
        monitor = who.monitor.id
        if judgement.standing != who.standing or last_check is not None:
            self._standings[monitor] = judgement.standing
        if last_check is not None:
            self._last_checks[monitor] = last_check
        for change in judgement.transitions:
            self._causes[monitor] = change.cause
            self._changes.append((who, change))
            self.tell(who, _state_changed(who, change))
        return replace(who, standing=judgement.standing)

    def ask_recheck(self, who: Watched, slot: int, cause: Cause) -> None:
        """Have the scheduler add a slot."""
        self.tell(who, MonitorSuspect(monitor=who.monitor, recheck_slot=slot, cause=cause))

    def tell(self, who: Watched, data: EventData) -> None:
        """Have an event of a monitor's sent."""
        self._events.append(
            Event.of(data, workspace=who.workspace_id, at_ms=self.now, traceparent=traceparent())
        )

    async def save(self, store: Store) -> None:
        """Write everything; the events go out once the transaction commits."""
        if self._standings:
            await store.save(self._standings, self._last_checks, self._causes)
        await store.append_spans(self._changes, self.now)
        await self.rounds.save(store.db)
        await store.wake_groups([who.monitor.id for who, _ in self._changes])
        await outbox.put(store.db, self._events)
        for _, change in self._changes:
            transitions.labels(change.previous, change.state).inc()


def _state_changed(who: Watched, change: Transition) -> MonitorStateChanged:
    return MonitorStateChanged(
        monitor=who.monitor,
        sequence=change.sequence,
        previous=change.previous,
        state=change.state,
        since=iso(change.since),
        cause=change.cause,
    )
