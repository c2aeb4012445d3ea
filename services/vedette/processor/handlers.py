"""What the processor does with each message: load, decide, save, in one transaction."""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from vedette.bus.api import Handler, Message, Queue
from vedette.bus.topology import EXPIRED, MONITORS, PRESENCE, RESULTS
from vedette.core.errors import Transient
from vedette.core.events import Event
from vedette.core.job import ONE_OFF, JobBatch
from vedette.core.presence import Presence
from vedette.core.result import Result
from vedette.processor import probers
from vedette.processor.arrivals import Arrivals, Raw, arrivals_of, parse_arrivals, validated
from vedette.processor.domain import expire
from vedette.processor.judging import follow_changes, record, recorded
from vedette.processor.ledger import Ledger
from vedette.processor.regions.breaker import Breaker
from vedette.processor.settling import settle
from vedette.processor.store import Store
from vedette.runtime.together import Together
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, Pool, connection, transaction
from vedette.telemetry import dwell

SWEEP = 500
# So many messages share a transaction at most, and so many transactions run at a time: while one
# waits for the disk, another is made ready; more would only wait for each other.
_MOST = 10
_AT_ONCE = 2
# Of changes of monitors, which come one a message.
_MOST_CHANGES = 200

log = structlog.get_logger()


class Handlers:
    """The processor's consumers and its sweep."""

    def __init__(
        self,
        pool: Pool,
        *,
        heard: Callable[[str], None] = lambda _: None,
        breaker: Breaker | None = None,
    ) -> None:
        self._pool = pool
        self._heard = heard
        self._breaker = breaker or Breaker()
        self._arrived = Together(
            self._record_all, group=lambda arrivals: arrivals.region, most=_MOST, at_once=_AT_ONCE
        )
        self._changed = Together(
            self._follow_all, group=lambda _: None, most=_MOST_CHANGES, at_once=1
        )

    def checks(self) -> dict[Queue, Handler]:
        """Which queue of checks goes where. What arrives together shares transactions."""
        return {RESULTS: self.record, EXPIRED: self.record_missed}

    def changes(self) -> dict[Queue, Handler]:
        """Which queue of changes goes where. What arrives together shares transactions."""
        return {MONITORS: self.follow_monitor}

    def others(self) -> dict[Queue, Handler]:
        """Which queue of all else goes where."""
        return {PRESENCE: self.note_prober}

    async def record(self, message: Message) -> None:
        """Store a batch of results and judge what they decide, with others that wait."""
        arrivals = parse_arrivals(message.body)
        self._heard(arrivals.region)
        await self._arrived.add(arrivals)

    async def record_missed(self, message: Message) -> None:
        """Jobs nobody ran in time: each is a check that was missed."""
        batch = JobBatch.model_validate_json(message.body)
        why = "nothing was there to run the check in time"
        results = [
            Result.missed(job.monitor_id, job.revision, job.slot, why)
            for job in batch.jobs
            if job.revision != ONE_OFF  # nobody waits for it any more, and it is no monitor's
        ]
        await self._arrived.add(arrivals_of(batch.region, results))

    async def follow_monitor(self, message: Message) -> None:
        """Give a new monitor its first state; let a changed one's follow; with others."""
        event = Event.model_validate_json(message.body)
        await self._changed.add(UUID(event.data["monitor"]["id"]))

    async def note_prober(self, message: Message) -> None:
        """Keep what a prober tells of itself, now or never: after an outage it would be untrue."""
        presence = Presence.model_validate_json(message.body)
        try:
            async with connection(self._pool) as db:
                await probers.note(db, presence)
        except Transient as error:
            log.warning("a prober was not heard", prober=presence.name, error=str(error))

    async def sweep(self) -> None:
        """Say `unknown` where nothing was seen for too long."""
        while await self._sweep_some():
            pass

    async def _sweep_some(self) -> bool:
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(now_ms())
            due = await store.look(ledger.now, SWEEP)
            for who in due or ():
                ledger.enter(who, expire(who.standing, who.policy, now=ledger.now))
            await ledger.save(store)
        return due is not None

    async def _follow_all(self, monitors: Sequence[UUID]) -> None:
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(now_ms())
            await store.begin(monitors)
            for who in await store.lock(monitors):
                follow_changes(who, ledger)
            await store.wake_groups(monitors)
            await store.look_soon(monitors)
            await ledger.save(store)

    async def _record_all(self, arrived: Sequence[Arrivals]) -> None:
        """What arrived of one region: the usual at once, the others by judging them."""
        region, now = arrived[0].region, now_ms()
        async with transaction(self._pool) as db:
            settled, others = await self._settle(db, arrived, now)
            new = await Store(db).unbegun({result["monitor_id"] for result in others})
            if not new:
                await self._judge(db, region, others, now)
        if new:
            await self._begin(new)
            async with transaction(self._pool) as db:
                await self._judge(db, region, others, now)
        recorded.inc(settled)
        _measure(arrived)

    async def _begin(self, monitors: Sequence[UUID]) -> None:
        """Of those whose first results overtook the events that announce them.

        While no other state is locked: states are begun and locked in the order of their ids, and
        who waited for one with others locked could be waited for.
        """
        async with transaction(self._pool) as db:
            await Store(db).begin(monitors)

    async def _judge(self, db: Connection, region: str, others: Sequence[Raw], now: int) -> None:
        if others:
            store, ledger = Store(db), Ledger(now)
            await record(store, region, validated(others), ledger, self._breaker)
            await ledger.save(store)

    async def _settle(
        self, db: Connection, arrived: Sequence[Arrivals], now: int
    ) -> tuple[int, Sequence[Raw]]:
        region = arrived[0].region
        if region in self._breaker.broken:
            return 0, [result for arrivals in arrived for result in arrivals.results]
        settled, others = await settle(db, arrived, now)
        self._breaker.hear_good(region, settled)
        return settled, others


def _measure(arrived: Sequence[Arrivals]) -> None:
    now = now_ms()
    for arrivals in arrived:
        for result in arrivals.results:
            started_at, duration_ms = result.get("started_at"), result.get("duration_ms")
            if started_at is not None and duration_ms is not None:
                dwell.RESULT_TO_VERDICT.observe((now - started_at - duration_ms) / 1000)
