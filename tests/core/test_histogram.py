"""Percentiles from buckets are as near to the true ones as is claimed."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.histogram import ERROR, Histogram, bucket_of, middle

TIMES = st.lists(st.floats(min_value=0.01, max_value=600_000), min_size=1, max_size=200)


def a_histogram(*lists: list[float]) -> Histogram:
    histogram = Histogram()
    for times in lists:
        counts = Counter(map(bucket_of, times))
        histogram.add(counts.keys(), counts.values())
    return histogram


SHARES = [0.0, 0.5, 0.95, 0.99, 1.0]


@given(TIMES, TIMES, st.sets(st.sampled_from(SHARES), min_size=1))
def test_percentiles_of_histograms_added_up_are_within_the_error(
    some: list[float], others: list[float], shares: set[float]
) -> None:
    everything = sorted(some + others)
    asked = sorted(shares)
    for share, found in zip(asked, a_histogram(some, others).percentiles(*asked), strict=True):
        rank = max(math.ceil(share * len(everything)), 1)
        assert found is not None
        assert abs(found / everything[rank - 1] - 1) <= ERROR + 1e-9


def test_of_nothing_there_are_no_percentiles() -> None:
    nothing = a_histogram([])
    nothing.add([3], [0])
    assert nothing.percentiles(0.5, 1.0) == [None, None]


def test_what_takes_no_time_is_counted_as_the_shortest() -> None:
    assert bucket_of(0) == bucket_of(0.01)
    assert middle(bucket_of(0)) < 0.0103
