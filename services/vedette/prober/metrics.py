"""What a prober counts and measures."""

from prometheus_client import Counter, Gauge

from vedette.core.result import Result
from vedette.telemetry import dwell
from vedette.telemetry.histograms import Histogram

_checks = Counter("monitor_checks", "Checks that ended.", ["kind", "region", "outcome", "reason"])
_duration = Histogram(
    "monitor_check_duration_milliseconds",
    "How long checks took, waiting for a place not included.",
    label="kind",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 120_000),
)
in_flight = Gauge("vedette_prober_in_flight", "Checks under way.")
jobs_waiting = Gauge("vedette_prober_jobs_waiting", "Jobs that wait for a place.")


class CheckMetrics:
    """Records the checks of one region; finding a labelled child anew costs more than using it."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._counters: dict[tuple[str, str, str | None], Counter] = {}

    def record(self, kind: str, result: Result) -> None:
        """Count a check that ended; measure it if it ran."""
        key = (kind, result.outcome, result.reason)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = _checks.labels(
                kind, self._region, result.outcome, result.reason or ""
            )
        counter.inc()
        if result.started_at is not None:
            dwell.SLOT_TO_START.observe((result.started_at - result.slot) / 1000)
        if result.duration_ms is not None:
            _duration.of(kind).observe(result.duration_ms)
