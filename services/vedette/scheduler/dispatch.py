"""The scheduler's loops: leases every two seconds, due slots four times a second."""

from collections.abc import Iterable
from itertools import islice
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge

from vedette.bus.api import Bus, Exchange, Full, Outgoing
from vedette.bus.topology import EXPIRED, EXPIRED_KEY, jobs, urgent_jobs
from vedette.core.instants import AHEAD_MS
from vedette.core.job import MAX_LATENESS_MS
from vedette.scheduler.domain import Agenda, Batch, Due, Monitor, batches
from vedette.scheduler.leases import Leases
from vedette.scheduler.store import Lease, Store
from vedette.store.clock import now_ms
from vedette.telemetry.histograms import Histogram
from vedette.telemetry.traces import span

TICK_S = 0.25
# Jobs leave a little before their slot and the prober waits for it: the way there costs no time.
LOOKAHEAD_MS = 500
LIMIT = 10_000
# Monitors that were changed and are read in one tick: reading takes some 0.1 ms each.
CHANGES = 1000
# Slots that were due longer ago than this, with nobody there, are told by the `unknown` span alone.
CATCH_UP_MS = 3_600_000
# A bus that dies with the process may have lost jobs this old, with the longest time-out.
LOST_MS = MAX_LATENESS_MS + 120_000 + 10_000

# An event goes out so long after its change at most, and the loss of a connection is noticed.
_UNHEARD_MS = 60_000

# What waits to be recorded is bounded: behind it the slots wait here, where they are no more than
# watermarks, and are recorded as missed in their turn.
_MOST_EXPIRED = 500

slots = Counter("vedette_slots_total", "Slots dispatched.", ["as"])
full = Counter("vedette_job_batches_refused_total", "Batches for which their queue had no room.")
lateness = Histogram(
    "vedette_dispatch_lateness_seconds",
    "How long after its slot a job left; 0 if before.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
).of()
planned = Gauge("vedette_scheduler_monitors", "Monitors on this scheduler's agenda.")
log = structlog.get_logger()


class Dispatcher:
    """Holds the agenda of the shards we own and sends out what is due."""

    def __init__(self, store: Store, bus: Bus, leases: Leases) -> None:
        self._store = store
        self._bus = bus
        self._leases = leases
        self._agenda = Agenda()
        self._floor: dict[int, int] = {}
        self._unloaded: dict[int, Lease] = {}
        # How far each shard that is wholly on the agenda has been sent out; None: not yet.
        self._watermarks: dict[int, int | None] = {}
        self._recorded: set[tuple[UUID, int]] = set()
        self._unsent: list[Due] = []
        self._missed: list[Outgoing] = []
        self._changed: set[UUID] = set()
        self._regions: set[str] = set()
        # The last time through which no event could come: from when, and until when.
        self._deaf: tuple[int, int] | None = None
        self._until = 0

    async def turn_leases(self) -> None:
        """Renew our leases with how far we are; drop what we lost, note what we won."""
        lost, won = await self._leases.turn(self._watermarks)
        self._agenda.remove_shards(lost)
        for shard in lost:
            self._watermarks.pop(shard, None)
            self._unloaded.pop(shard, None)
        self._begin(won)
        planned.set(len(self._agenda))

    async def load(self) -> None:
        """Put the monitors of the shards that we won on the agenda, one shard after the other.

        Meanwhile leases are renewed, and what is loaded is sent out. Raises Transient; what is not
        loaded is kept.
        """
        loaded: list[int] = []
        while self._unloaded:
            lease = next(iter(self._unloaded.values()))
            await self._load(lease.shard)
            loaded.append(lease.shard)
            if self._unloaded.get(lease.shard) is lease:
                del self._unloaded[lease.shard]
                self._watermarks[lease.shard] = None
            else:  # lost meanwhile, and maybe won again
                self._agenda.remove_shards([lease.shard])
        if loaded:
            for monitor_id, slot in await self._store.rechecks_of(loaded):
                self._agenda.add_recheck(monitor_id, slot)

    def note_change(self, monitor: UUID) -> None:
        """A monitor is not as it was; the next tick reads it."""
        self._changed.add(monitor)

    def note_recheck(self, monitor: UUID, slot: int) -> None:
        """A suspicion wants a confirmation."""
        self._agenda.add_recheck(monitor, slot)

    async def tick(self) -> None:
        """Send out everything that is due. Raises Transient; what was not sent is kept."""
        self._listen()
        if not self._leases.valid():
            return  # somebody else may own our shards by now
        await self._read_changes()
        await self._send_missed()
        covered = {shard: self._leases.token(shard) for shard in self._watermarks}
        until = now_ms() + LOOKAHEAD_MS
        if self._until and not -AHEAD_MS < until - self._until < CATCH_UP_MS:
            self._begin_again(until)
            return
        self._until = until
        while self._leases.valid():
            if not self._unsent:
                self._unsent = self._agenda.take(until, LIMIT)
            if not self._unsent:
                break
            if await self._bus.depth(EXPIRED) > _MOST_EXPIRED:
                log.warning("nothing is sent while so many missed slots wait to be recorded")
                return
            self._unsent = self._still_ours(self._unsent)
            await self._send(self._unsent)
            self._unsent = []
            await self._send_missed()
        else:
            return
        for shard, token in covered.items():
            # One that was lost and won again meanwhile goes on where its last owner got to.
            if shard in self._watermarks and self._leases.token(shard) == token:
                self._watermarks[shard] = max(until, self._watermarks[shard] or 0)

    async def reconcile(self, since: int) -> None:
        """Read again what was changed after `since`, and rechecks: an event may have been missed.

        What was changed while the bus was away is looked for until a look after its return.
        """
        deaf = self._deaf
        changed = await self._store.changed_since(min(since, deaf[0]) if deaf else since)
        for monitor_id, version in changed:
            known = self._agenda.get(monitor_id)
            if known is None or known.version != version:
                self._changed.add(monitor_id)
        for monitor, slot in await self._store.rechecks_of(self._leases.shards):
            self._agenda.add_recheck(monitor, slot)
        if deaf is self._deaf and deaf is not None and deaf[1] < since:
            self._deaf = None

    def _listen(self) -> None:
        """Note whether events can come: our queue of them goes with the connection."""
        if not self._bus.healthy():
            now = now_ms()
            self._deaf = (self._deaf[0] if self._deaf else now - _UNHEARD_MS, now)

    def _begin(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            self._floor[lease.shard] = self._go_on_from(lease)
            self._unloaded[lease.shard] = lease

    def _begin_again(self, until: int) -> None:
        """Time has leapt: what is on the agenda is due far too long ago, or far too late."""
        log.warning("time has leapt: slots go on from now", by_s=(until - self._until) // 1000)
        done = {shard: sent or self._floor[shard] for shard, sent in self._watermarks.items()}
        unloaded = {shard: lease.watermark for shard, lease in self._unloaded.items()}
        self._agenda, self._unsent, self._until = Agenda(), [], until
        self._watermarks.clear()
        self._begin(Lease(shard, watermark) for shard, watermark in (done | unloaded).items())

    def _go_on_from(self, lease: Lease) -> int:
        """Up to which slot all is done in a shard that we won, or too old to be told of."""
        back = 0 if self._bus.durable else LOST_MS
        behind = 0 if lease.watermark is None else lease.watermark - back
        now = now_ms()
        if behind > now + AHEAD_MS:
            return now
        return max(behind, now - CATCH_UP_MS)

    async def _load(self, shard: int) -> None:
        if not self._bus.durable:
            self._recorded |= await self._store.recorded([shard], self._floor[shard])
        for monitor in await self._store.monitors_of([shard]):
            known = self._agenda.get(monitor.id)
            if known is None or known.version < monitor.version:  # a change may be faster
                await self._put(monitor)

    async def _read_changes(self) -> None:
        changed = set(islice(self._changed, CHANGES))
        if not changed:
            return
        self._changed -= changed
        try:
            living = {monitor.id: monitor for monitor in await self._store.monitors(list(changed))}
        except BaseException:
            self._changed |= changed
            raise
        for monitor_id in changed:
            monitor = living.get(monitor_id)
            known = self._agenda.get(monitor_id)
            if monitor is None or monitor.shard not in self._leases:
                self._agenda.remove(monitor_id)
            elif known is None or known.version != monitor.version:
                await self._put(monitor)

    async def _put(self, monitor: Monitor) -> None:
        for region in monitor.regions:
            if region not in self._regions:
                await self._bus.declare(jobs(region), urgent_jobs(region))
                self._regions.add(region)
        self._agenda.put(monitor, after=self._floor[monitor.shard], now=now_ms())

    def _still_ours(self, due: list[Due]) -> list[Due]:
        """Without shards we lost, and slots whose check was recorded before we took over."""
        owned = frozenset(self._leases.shards)
        ours = [one for one in due if one.monitor.shard in owned]
        if self._recorded:
            ours = [one for one in ours if (one.monitor.id, one.slot) not in self._recorded]
            self._recorded.difference_update([(one.monitor.id, one.slot) for one in due])
        return ours

    async def _send(self, due: list[Due]) -> None:
        if not due:
            return
        now = now_ms()
        runnable = [one for one in due if one.run_by >= now]
        stale = [one for one in due if one.run_by < now]
        with span("schedule", kind=SpanKind.PRODUCER, attributes={"slots": len(due)}):
            refused = await self._send_jobs(batches(runnable), now)
            self._missed += [
                Outgoing(key=EXPIRED_KEY, body=batch.body) for batch in (*batches(stale), *refused)
            ]
        self._measure(runnable, stale, now)

    async def _send_jobs(self, jobs: list[Batch], now: int) -> list[Batch]:
        """Send jobs to their regions; says for which there is no room, so much waits there."""
        if not jobs:
            return []
        messages = [_job_message(batch, now) for batch in jobs]
        try:
            await self._bus.publish(Exchange.JOBS, messages)
        except Full as error:
            keys = {message.key for message in error.refused}
            log.warning("jobs are missed, for so many wait already", queues=sorted(keys))
            full.inc(len(error.refused))
            refused = {id(message) for message in error.refused}
            return [b for b, message in zip(jobs, messages, strict=True) if id(message) in refused]
        return []

    async def _send_missed(self) -> None:
        """Have slots recorded that can't run. Raises Transient; what was not sent is kept."""
        if self._missed:
            await self._bus.publish(Exchange.RESULTS, self._missed)
            self._missed = []

    def _measure(self, runnable: list[Due], stale: list[Due], now: int) -> None:
        slots.labels("run").inc(len(runnable))
        slots.labels("missed").inc(len(stale))
        for one in runnable:
            lateness.observe((now - one.slot) / 1000)
        if stale:
            log.warning("slots too old to run are recorded as missed", slots=len(stale))


def _job_message(batch: Batch, now: int) -> Outgoing:
    key = f"{batch.region}.urgent" if batch.urgent else batch.region
    return Outgoing(key=key, body=batch.body, ttl_ms=batch.last_start - now)
