"""What the processor does with each message: load, decide, save, in one transaction."""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from vedette.bus.api import Handler, Message, Queue
from vedette.bus.topology import EXPIRED, MONITORS, PRESENCE, RESULTS
from vedette.core.errors import Transient
from vedette.core.events import Event
from vedette.core.job import ONE_OFF, JobBatch
from vedette.core.presence import Presence
from vedette.core.result import Result, ResultBatch
from vedette.processor import probers
from vedette.processor.domain import expire, pause, resume
from vedette.processor.judging import record
from vedette.processor.ledger import Ledger
from vedette.processor.regions.breaker import Breaker
from vedette.processor.store import Store
from vedette.store.pool import Pool, connection, transaction
from vedette.telemetry import dwell

SWEEP = 500

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

    def table(self) -> dict[Queue, Handler]:
        """Which queue goes where."""
        return {
            RESULTS: self.record,
            EXPIRED: self.record_missed,
            MONITORS: self.follow_monitor,
            PRESENCE: self.note_prober,
        }

    async def record(self, message: Message) -> None:
        """Store a batch of results and judge what they decide."""
        batch = ResultBatch.model_validate_json(message.body)
        self._heard(batch.region)
        await self._record(batch)

    async def record_missed(self, message: Message) -> None:
        """Jobs nobody ran in time: each is a check that was missed."""
        batch = JobBatch.model_validate_json(message.body)
        why = "nothing was there to run the check in time"
        results = [
            Result.missed(job.monitor_id, job.revision, job.slot, why)
            for job in batch.jobs
            if job.revision != ONE_OFF  # nobody waits for it any more, and it is no monitor's
        ]
        await self._record(ResultBatch(region=batch.region, prober="none", results=results))

    async def follow_monitor(self, message: Message) -> None:
        """Give a new monitor its first state; pause or resume a changed one."""
        monitor = UUID(Event.model_validate_json(message.body).data["monitor"]["id"])
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(_now_ms())
            await store.begin([monitor])
            await store.wake_groups([monitor])
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
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(_now_ms())
            for who in await store.unseen(ledger.now, SWEEP):
                ledger.enter(who, expire(who.standing, who.policy, now=ledger.now))
            await ledger.save(store)

    async def _record(self, batch: ResultBatch) -> None:
        async with transaction(self._pool) as db:
            store, ledger = Store(db), Ledger(_now_ms())
            fresh = await record(store, batch.region, batch.results, ledger, self._breaker)
            await ledger.save(store)
        _measure(fresh)


def _measure(results: Sequence[Result]) -> None:
    now = _now_ms()
    for result in results:
        if result.started_at is not None and result.duration_ms is not None:
            ended_at = result.started_at + result.duration_ms
            dwell.RESULT_TO_VERDICT.observe((now - ended_at) / 1000)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
