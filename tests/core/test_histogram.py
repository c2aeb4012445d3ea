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


@given(TIMES, TIMES, st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_of_histograms_added_up_is_within_the_error(
    some: list[float], others: list[float], share: float
) -> None:
    everything = sorted(some + others)
    rank = max(math.ceil(share * len(everything)), 1)
    found = a_histogram(some, others).percentile(share)
    assert found is not None
    assert abs(found / everything[rank - 1] - 1) <= ERROR + 1e-9


def test_of_nothing_there_is_no_percentile() -> None:
    assert a_histogram([]).percentile(0.5) is None


def test_what_takes_no_time_is_counted_as_the_shortest() -> None:
    assert bucket_of(0) == bucket_of(0.01)
    assert middle(bucket_of(0)) < 0.0103
