"""What is due when, pure: instants are Unix ms and come in as values."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from vedette.core.instants import AHEAD_MS
from vedette.core.job import MAX_BATCH, run_by
from vedette.core.slots import SHARDS, regions_of, slot_after

_WHILE_MS = 50


@dataclass(slots=True, eq=False)
class Monitor:
    """A monitor as dispatching needs it. `job_prefix` is its job's JSON up to the slot."""

    id: UUID
    shard: int
    version: int
    revision: int
    """Of what is probed."""
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
    current: bool = False
    """Whether it is on the agenda, and no newer version of it."""


class Due(NamedTuple):
    """One slot of one monitor. Urgent ones don't wait behind the others."""

    slot: int
    monitor: Monitor
    run_by: int
    """The latest start."""
    urgent: bool = False

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


_slot_of = attrgetter("slot")


class Agenda:
    """The next slot of each monitor, soonest first.

    Slots wait in the order of the short whiles that they fall into, and are sorted once their
    while has come: a heap of all of them would be gone through for each.
    """

    def __init__(self) -> None:
        self._monitors: dict[UUID, Monitor] = {}
        self._waiting: dict[int, list[Due]] = {}
        self._whiles: list[int] = []

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
        through the slots up to `after` may not have known of it. What is probed in another way
        than before is checked once more, now: what was seen last says nothing of that.
        """
        known = self._monitors.get(monitor.id)
        if monitor.active_since > now + AHEAD_MS:
            monitor.active_since = now
        taken = known.taken_until if known else max(after, monitor.active_since - 1)
        first = _due(monitor, monitor.active_since, urgent=True)
        if known is None:
            begins = taken < monitor.active_since or first.run_by >= now
        else:
            begins = max(taken, known.active_since) < monitor.active_since
        if begins:
            self._add(first)
        elif known and known.revision != monitor.revision:
            self._add(_due(monitor, now, urgent=True))
        if known:
            known.current = False
            monitor.asked = known.asked
            if known.interval_ms != monitor.interval_ms:
                # Before now it was due by the old interval alone.
                taken = max(taken, min(now, _next_slot(known) - 1))
        monitor.taken_until = taken
        monitor.current = True
        self._monitors[monitor.id] = monitor
        self._add(_due(monitor, _next_slot(monitor)))

    def remove(self, monitor: UUID) -> None:
        """Take a monitor off. Harmless if it isn't there."""
        if known := self._monitors.pop(monitor, None):
            known.current = False

    def remove_shards(self, shards: Iterable[int]) -> None:
        """Take off all monitors of these shards."""
        gone = frozenset(shards)
        if gone:  # mostly there are none
            for known in [one for one in self._monitors.values() if one.shard in gone]:
                self.remove(known.id)

    def add_recheck(self, monitor: UUID, slot: int) -> None:
        """Add one urgent slot of a monitor that is on the agenda, however often it is asked for."""
        known = self._monitors.get(monitor)
        if known and known.asked != slot:
            known.asked = slot
            self._add(_due(known, slot, urgent=True))

    def take(self, until: int, limit: int) -> list[Due]:
        """Take up to `limit` slots that are due by `until`, in order."""
        taken: list[Due] = []
        while self._whiles and self._whiles[0] * _WHILE_MS <= until:
            waiting = self._waiting.pop(heapq.heappop(self._whiles))
            waiting.sort(key=_slot_of)
            for place, due in enumerate(waiting):
                if due.slot > until or len(taken) == limit:
                    for left in waiting[place:]:
                        self._add(left)
                    return taken
                if due.monitor.current:
                    taken.append(due)
                    if not due.urgent:
                        self._take_up(due)
                elif due.urgent and (newer := self._monitors.get(due.monitor.id)):
                    taken.append(_due(newer, due.slot, urgent=True))
        return taken

    def _take_up(self, due: Due) -> None:
        monitor = due.monitor
        monitor.taken_until = due.slot
        self._add(_due(monitor, due.slot + monitor.interval_ms))

    def _add(self, due: Due) -> None:
        number = due.slot // _WHILE_MS
        waiting = self._waiting.get(number)
        if waiting is None:
            self._waiting[number] = [due]
            heapq.heappush(self._whiles, number)
        else:
            waiting.append(due)


def batches(due: Iterable[Due]) -> list[Batch]:
    """Group slots by region and urgency into batches of at most MAX_BATCH jobs."""
    queues: dict[tuple[str, bool], list[Due]] = defaultdict(list)
    for one in due:
        for region in one.regions:
            queues[region, one.urgent].append(one)
    return [
        _batch(region, urgent, jobs[start : start + MAX_BATCH])
        for (region, urgent), jobs in queues.items()
        for start in range(0, len(jobs), MAX_BATCH)
    ]


def fair_share(instances: int) -> int:
    """How many shards each of so many schedulers should own at most."""
    return -(-SHARDS // max(instances, 1))


def _due(monitor: Monitor, slot: int, *, urgent: bool = False) -> Due:
    return Due(slot, monitor, run_by(slot, monitor.interval_ms), urgent)


def _next_slot(monitor: Monitor) -> int:
    return slot_after(monitor.id, monitor.interval_ms, monitor.taken_until)


def _batch(region: str, urgent: bool, due: list[Due]) -> Batch:
    # Put together from ready pieces: a definition is serialised once, not at every slot.
    jobs = b",".join(
        b'%b"slot":%d,"run_by":%d}' % (one.monitor.job_prefix, one.slot, one.run_by) for one in due
    )
    body = b'{"region":"%b","jobs":[%b]}' % (region.encode(), jobs)
    return Batch(region, urgent, body, max(one.run_by for one in due))
