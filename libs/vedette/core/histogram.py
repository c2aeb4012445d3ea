"""How long many checks took, in few numbers that can be added up: buckets on a logarithmic scale.

Bucket i counts what lies from 2^(i/16) up to 2^((i+1)/16) milliseconds: each is 4.4 % wider than
the one before. A percentile is told as the middle of its bucket (on that scale), so it is at most
2^(1/32) - 1 = 2.2 % off the true one, however many histograms were added up. The idea is that of
DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019), with bounds that are fixed once and for all.
"""

import math
from collections.abc import Iterable

PER_DOUBLING = 16
SHORTEST_MS = 0.01
"""What took less is counted as this."""
ERROR = 2 ** (1 / (2 * PER_DOUBLING)) - 1


class Histogram:
    """Counts by bucket. Mutable: histograms are added to it."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    @property
    def total(self) -> int:
        """How many were counted."""
        return sum(self._counts.values())

    def add(self, buckets: Iterable[int], counts: Iterable[int]) -> None:
        """Add what another one counted, as the database holds it; a bucket may come twice."""
        found = self._counts
        for bucket, count in zip(buckets, counts, strict=True):
            found[bucket] = found.get(bucket, 0) + count

    def percentiles(self, *shares: float) -> list[float | None]:
        """The milliseconds that each of `shares` (0 to 1, in order) of all took at most.

        By nearest rank: the smallest value that at least that share does not exceed. None if
        nothing was counted.
        """
        total, counted = self.total, 0
        if not total:
            return [None] * len(shares)
        buckets = iter(sorted(self._counts.items()))
        found: list[float | None] = []
        for share in shares:
            rank = math.ceil(share * total) or 1
            while counted < rank:
                bucket, count = next(buckets)
                counted += count
            found.append(middle(bucket))
        return found


def bucket_of(ms: float) -> int:
    """The bucket that a length of time belongs to."""
    return math.floor(PER_DOUBLING * math.log2(max(ms, SHORTEST_MS)))


def middle(bucket: int) -> float:
    """What stands for everything in a bucket, in milliseconds."""
    return float(2 ** ((bucket + 0.5) / PER_DOUBLING))
