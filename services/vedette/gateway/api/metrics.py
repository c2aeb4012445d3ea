"""The last check of every monitor as Prometheus metrics, named as blackbox_exporter does."""

from collections.abc import Iterable, Sequence

from aiohttp import web
from asyncpg import Record
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from vedette.core.outcome import VOTES, Outcome
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint
from vedette.gateway.store import monitors
from vedette.gateway.views.common import CheckSummary
from vedette.store.pool import connection

_LABELS = ("monitor", "name", "kind")
# Our phases by the names that blackbox_exporter's dashboards know.
_PHASES = {
    "resolve": "resolve",
    "connect": "connect",
    "tls": "tls",
    "first_byte": "processing",
    "transfer": "transfer",
}


class LastChecks(Collector):
    """The last checks of a workspace. One that saw nothing of its target tells nothing of it."""

    def __init__(self, rows: Sequence[Record]) -> None:
        checks = [(row, CheckSummary.model_validate(row["last_check"])) for row in rows]
        self._checks = [(row, check) for row, check in checks if check.outcome in VOTES]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The metrics."""
        success = _gauge("probe_success", "Whether the last check was up or degraded.")
        duration = _gauge("probe_duration_seconds", "How long the last check took.")
        status = _gauge("probe_http_status_code", "The HTTP status of the last check.")
        phases = _gauge("probe_http_duration_seconds", "Time in each phase.", "phase")
        for row, check in self._checks:
            labels = [str(row["id"]), row["spec"]["name"], row["spec"]["kind"]]
            success.add_metric(labels, check.outcome is not Outcome.DOWN)
            if check.duration_ms is not None:
                duration.add_metric(labels, check.duration_ms / 1000)
            if row["spec"]["kind"] == "http":
                status.add_metric(labels, float(check.facts.get("status", 0)))
                for phase, spent in check.phases.items():
                    phases.add_metric([*labels, _PHASES.get(phase, phase)], spent / 1000)
        return success, duration, status, phases


async def probes(call: Call) -> web.Response:
    """Every monitor's last check."""
    async with connection(call.pool) as db:
        rows = await monitors.last_checks(db, call.workspace)
    registry = CollectorRegistry()
    registry.register(LastChecks(rows))
    return web.Response(
        body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
    )


def _gauge(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, labels=(*_LABELS, *labels))


ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{PREFIX}/metrics", handle=probes,
        summary="Every monitor's last check, for Prometheus",
        answers={200: Answer("Metrics in Prometheus' text format.", text="text/plain")},
    ),
)  # fmt: skip
