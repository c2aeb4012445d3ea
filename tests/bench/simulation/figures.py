"""Keeping what a simulation shows, in little room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import log10

_PER_DECADE = 40


class Waits:
    """How long things waited: shares are right to 6 %."""

    def __init__(self) -> None:
        self._counts: dict[int, float] = defaultdict(float)
        self.count = 0.0
        self.total_s = 0.0
        self.most_s = 0.0

    def add(self, seconds: float, count: float = 1) -> None:
        """So many waited so long."""
        self._counts[_bucket(seconds)] += count
        self.count += count
        self.total_s += seconds * count
        self.most_s = max(self.most_s, seconds)

    def share(self, share: float) -> float:
        """The seconds that this share waited at most."""
        wanted, seen = self.count * share, 0.0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted * (1 - 1e-12):
                return min(_upper(bucket), self.most_s)
        return self.most_s

    @property
    def mean_s(self) -> float:
        """On average."""
        return self.total_s / self.count if self.count else 0.0


class Timeline:
    """A value for each second."""

    def __init__(self) -> None:
        self._changes: dict[int, float] = defaultdict(float)
        self._most: dict[int, float] = defaultdict(float)

    def span(self, begin: float, end: float, count: float) -> None:
        """So many are there from one instant to another."""
        if end > begin:
            self._changes[int(begin)] += count
            self._changes[int(end)] -= count

    def most(self, at: float, value: float) -> None:
        """A value of an instant; of those in one second the greatest counts."""
        self._most[int(at)] = max(self._most[int(at)], value)

    def levels(self) -> Iterator[float]:
        """How many were there, by spans, as it changed."""
        return accumulate(self._changes[second] for second in sorted(self._changes))

    def last_over(self, limit: float) -> int | None:
        """The last second whose greatest value was over a limit."""
        return max((second for second, value in self._most.items() if value > limit), default=None)


def _bucket(seconds: float) -> int:
    return -1000 if seconds < 1e-5 else int(log10(seconds) * _PER_DECADE // 1)


def _upper(bucket: int) -> float:
    upper: float = 0.0 if bucket == -1000 else 10 ** ((bucket + 1) / _PER_DECADE)
    return upper
