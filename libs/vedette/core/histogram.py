"""How long many checks took, in few numbers that can be added up: buckets on a logarithmic scale.

Bucket i counts what lies from 2^(i/16) up to 2^((i+1)/16) milliseconds: each is 4.4 % wider than
the one before. A percentile is told as the middle of its bucket (on that scale), so it is at most
2^(1/32) - 1 = 2.2 % off the true one, however many histograms were added up. The idea is that of
DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019), with bounds that are fixed once and for all.
"""

import math
from collections import Counter
from collections.abc import Iterable

PER_DOUBLING = 16
SHORTEST_MS = 0.01
"""What took less is counted as this."""
ERROR = 2 ** (1 / (2 * PER_DOUBLING)) - 1


class Histogram:
    """Counts by bucket. Mutable: histograms are added to it."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    @property
    def total(self) -> int:
        """How many were counted."""
        return self._counts.total()

    def add(self, buckets: Iterable[int], counts: Iterable[int]) -> None:
        """Add what another one counted, as the database holds it; a bucket may come twice."""
        for bucket, count in zip(buckets, counts, strict=True):
            self._counts[bucket] += count

    def percentile(self, share: float) -> float | None:
        """The milliseconds that `share` (0 to 1) of all took at most; None if there are none.

        By nearest rank: the smallest value that at least that share does not exceed.
        """
        if not self.total:
            return None
        left = math.ceil(share * self.total) or 1
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                break
        return middle(bucket)


def bucket_of(ms: float) -> int:
    """The bucket that a length of time belongs to."""
    return math.floor(PER_DOUBLING * math.log2(max(ms, SHORTEST_MS)))


def middle(bucket: int) -> float:
    """What stands for everything in a bucket, in milliseconds."""
    return float(2 ** ((bucket + 0.5) / PER_DOUBLING))
