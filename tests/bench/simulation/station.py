"""A station of a queueing network: so many equal servers, first come, first served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, heapreplace


@dataclass(frozen=True, slots=True)
class Outage:
    """From an instant on no server of the station works, until another."""

    begins: float
    ends: float


@dataclass(slots=True)
class Station:
    """Takes work in the order of its arrival. Each server does one piece at a time.

    `places` bounds how many jobs may be in flight, here and on their way out of here.
    """

    servers: int
    outage: Outage | None = None
    places: float = float("inf")
    busy_s: float = 0.0
    _free: list[float] = field(default_factory=list)
    _flying: list[tuple[float, int]] = field(default_factory=list)
    _in_flight: int = 0

    def __post_init__(self) -> None:
        self._free = [0.0] * self.servers
        heapify(self._free)

    def begin(self, arrival: float, jobs: int = 1) -> float:
        """When a piece of work that arrives now would begin."""
        at = self._with_places(max(arrival, self._free[0]), jobs)
        outage = self.outage
        return outage.ends if outage is not None and outage.begins <= at < outage.ends else at

    def serve(self, begin: float, work_s: float) -> float:
        """Have a server work from `begin` on, which `begin()` gave; returns when it is done."""
        end = begin + work_s
        heapreplace(self._free, end)
        self.busy_s += work_s
        return end

    def hold(self, until: float, jobs: int) -> None:
        """Have jobs take their places until then."""
        heappush(self._flying, (until, jobs))
        self._in_flight += jobs

    def interrupts(self, begin: float, end: float) -> bool:
        """Whether the outage begins within a piece of work."""
        return self.outage is not None and begin < self.outage.begins < end

    def _with_places(self, at: float, jobs: int) -> float:
        flying = self._flying
        while flying and (flying[0][0] <= at or self._in_flight + jobs > self.places):
            released, many = heappop(flying)
            self._in_flight -= many
            at = max(at, released)
        return at


def passed(station: Station, work: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Begin and end of each piece (arrival, seconds) that goes through, by arrival."""
    spans = []
    for arrival, work_s in work:
        begin = station.begin(arrival)
        spans.append((begin, station.serve(begin, work_s)))
    return spans
