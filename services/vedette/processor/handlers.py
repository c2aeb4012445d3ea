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
from vedette.processor.domain import expire, pause, resume
from vedette.processor.judging import record, recorded
from vedette.processor.ledger import Ledger
from vedette.processor.regions.breaker import Breaker
from vedette.processor.settling import settle
from vedette.processor.store import Store
from vedette.processor.together import Together
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, Pool, connection, transaction
from vedette.telemetry import dwell

SWEEP = 500
# So many messages share a transaction at most, and so many transactions run at a time: while one
# waits for the disk, another is made ready; more would only wait for each other.
_MOST = 10
_AT_ONCE = 2

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

    def checks(self) -> dict[Queue, Handler]:
        """Which queue of checks goes where. What arrives together shares transactions."""
        return {RESULTS: self.record, EXPIRED: self.record_missed}

    def others(self) -> dict[Queue, Handler]:
        """Which queue of all else goes where."""
        return {
            MONITORS: self.follow_monitor,
            PRESENCE: self.note_prober,
        }

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
        """Give a new monitor its first state; pause or resume a changed one."""
        monitor = UUID(Event.model_validate_json(message.body).data["monitor"]["id"])
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(now_ms())
            await store.begin([monitor])
            await store.wake_groups([monitor])
            await store.look_soon(monitor)
            for who in await store.lock([monitor]):
                turn = pause if who.paused else resume
                ledger.enter(who, turn(who.standing, at=ledger.now))
            await ledger.save(store)

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

    async def _record_all(self, arrived: Sequence[Arrivals]) -> None:
        """What arrived of one region: the usual at once, the others by judging them."""
        region = arrived[0].region
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(now_ms())
            settled, others = await self._settle(db, arrived, ledger.now)
            if others:
                await record(store, region, validated(others), ledger, self._breaker)
                await ledger.save(store)
        recorded.inc(settled)
        _measure(arrived)

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
