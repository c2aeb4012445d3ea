"""Histograms show what Prometheus expects of them."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from vedette.telemetry.histograms import Histogram


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def a_histogram(registry: CollectorRegistry) -> Histogram:
    return Histogram(
        "dwell_seconds", "Of a test.", label="stage", buckets=(0.1, 1), registry=registry
    )


def samples(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    [family] = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()))): sample.value
        for sample in family.samples
    }


def test_a_bound_belongs_to_its_bucket_and_buckets_cumulate(registry: CollectorRegistry) -> None:
    stage = a_histogram(registry).of("start")
    for value in (0.05, 0.1, 0.5, 7):
        stage.observe(value)
    assert samples(registry) == {
        ("dwell_seconds_bucket", "0.1", "start"): 2,
        ("dwell_seconds_bucket", "1.0", "start"): 3,
        ("dwell_seconds_bucket", "+Inf", "start"): 4,
        ("dwell_seconds_count", "start"): 4,
        ("dwell_seconds_sum", "start"): pytest.approx(7.65),
    }


def test_what_clocks_make_negative_counts_as_nothing(registry: CollectorRegistry) -> None:
    stage = a_histogram(registry).of("start")
    stage.observe(-3)
    found = samples(registry)
    assert found["dwell_seconds_bucket", "0.1", "start"] == 1
    assert found["dwell_seconds_sum", "start"] == 0


def test_a_stage_without_values_does_not_show(registry: CollectorRegistry) -> None:
    histogram = a_histogram(registry)
    histogram.of("start")
    histogram.of("end").observe(1)
    assert {stage for _, *_, stage in samples(registry)} == {"end"}


def test_a_name_that_is_taken_is_refused(registry: CollectorRegistry) -> None:
    a_histogram(registry)
    with pytest.raises(ValueError, match="Duplicated"):
        a_histogram(registry)
