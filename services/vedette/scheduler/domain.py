"""What is due when, pure: instants are Unix ms and come in as values."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from uuid import UUID

from vedette.core.job import MAX_BATCH, run_by
from vedette.core.slots import SHARDS, regions_of, slot_after


@dataclass(slots=True, eq=False)
class Monitor:
    """A monitor as dispatching needs it. `job_prefix` is its job's JSON up to the slot."""

    id: UUID
    shard: int
    version: int
    interval_ms: int
    regions: tuple[str, ...]
    job_prefix: bytes
    active_since: int
    taken_until: int = 0
    """Every slot up to here has been taken from the agenda."""
    asked: int | None = None
    """The last confirmation that was put on the agenda."""
    rotating: bool = False
    """Whether its regions take turns."""


@dataclass(frozen=True, slots=True)
class Due:
    """One slot of one monitor. Urgent ones don't wait behind the others."""

    monitor: Monitor
    slot: int
    urgent: bool

    @property
    def run_by(self) -> int:
        """The latest start."""
        return run_by(self.slot, self.monitor.interval_ms)

    @property
    def regions(self) -> tuple[str, ...]:
        """Who checks it."""
        monitor = self.monitor
        if not monitor.rotating:
            return monitor.regions
        return regions_of(monitor.id, monitor.interval_ms, self.slot, monitor.regions)


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 100 jobs for one queue of one region, ready to send."""

    region: str
    urgent: bool
    body: bytes
    last_start: int
    """The latest instant at which any of its jobs may start."""


class Agenda:
    """The next slot of each monitor, soonest first."""

    def __init__(self) -> None:
        self._monitors: dict[UUID, Monitor] = {}
        self._heap: list[tuple[int, int, Due]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._monitors)

    def get(self, monitor: UUID) -> Monitor | None:
        """The monitor, if it is on the agenda."""
        return self._monitors.get(monitor)

    def put(self, monitor: Monitor, *, after: int, now: int) -> None:
        """Add a monitor, its slots strictly after `after`, or replace its older version.

        A replaced monitor continues where it was: none of its slots is taken twice. A monitor
        that became active after `after` is due at once, and that first slot is `active_since`; so
        is a new one that became active so lately that the first check may still start: who went
        through the slots up to `after` may not have known of it.
        """
        known = self._monitors.get(monitor.id)
        taken = known.taken_until if known else max(after, monitor.active_since - 1)
        first = Due(monitor, monitor.active_since, urgent=True)
        if taken < monitor.active_since or (known is None and first.run_by >= now):
            self._push(first)
        if known:
            monitor.asked = known.asked
            if known.interval_ms != monitor.interval_ms:
                # Before now it was due by the old interval alone.
                taken = max(taken, min(now, _next_slot(known) - 1))
        monitor.taken_until = taken
        self._monitors[monitor.id] = monitor
        self._push_next(monitor)

    def remove(self, monitor: UUID) -> None:
        """Take a monitor off. Harmless if it isn't there."""
        self._monitors.pop(monitor, None)

    def remove_shards(self, shards: Iterable[int]) -> None:
        """Take off all monitors of these shards."""
        gone = frozenset(shards)
        if gone:  # mostly there are none
            self._monitors = {k: v for k, v in self._monitors.items() if v.shard not in gone}

    def add_recheck(self, monitor: UUID, slot: int) -> None:
        """Add one urgent slot of a monitor that is on the agenda, however often it is asked for."""
        known = self._monitors.get(monitor)
        if known and known.asked != slot:
            known.asked = slot
            self._push(Due(known, slot, urgent=True))

    def take(self, until: int, limit: int) -> list[Due]:
        """Take up to `limit` slots that are due by `until`, in order."""
        taken: list[Due] = []
        while self._heap and self._heap[0][0] <= until and len(taken) < limit:
            _, _, due = heapq.heappop(self._heap)
            current = self._monitors.get(due.monitor.id)
            if current is None:
                continue
            if due.urgent:
                taken.append(due if current is due.monitor else Due(current, due.slot, urgent=True))
            elif current is due.monitor:  # else an older version's; the newer has its own
                current.taken_until = due.slot
                taken.append(due)
                self._push_next(current)
        return taken

    def _push_next(self, monitor: Monitor) -> None:
        self._push(Due(monitor, _next_slot(monitor), urgent=False))

    def _push(self, due: Due) -> None:
        heapq.heappush(self._heap, (due.slot, next(self._order), due))


def batches(due: Iterable[Due]) -> list[Batch]:
    """Group slots by region and urgency into batches of at most MAX_BATCH jobs."""
    queues: dict[tuple[str, bool], list[Due]] = {}
    for one in due:
        for region in one.regions:
            queues.setdefault((region, one.urgent), []).append(one)
    return [
        _batch(region, urgent, jobs[start : start + MAX_BATCH])
        for (region, urgent), jobs in queues.items()
        for start in range(0, len(jobs), MAX_BATCH)
    ]


def fair_share(instances: int) -> int:
    """How many shards each of so many schedulers should own at most."""
    return -(-SHARDS // max(instances, 1))


def _next_slot(monitor: Monitor) -> int:
    return slot_after(monitor.id, monitor.interval_ms, monitor.taken_until)


def _batch(region: str, urgent: bool, due: list[Due]) -> Batch:
    # Put together from ready pieces: a definition is serialised once, not at every slot.
    jobs = b",".join(
        b'%b"slot":%d,"run_by":%d}' % (one.monitor.job_prefix, one.slot, one.run_by) for one in due
    )
    body = b'{"region":"%b","jobs":[%b]}' % (region.encode(), jobs)
    return Batch(region, urgent, body, max(one.run_by for one in due))
