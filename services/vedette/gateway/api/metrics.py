"""The last check of every monitor as Prometheus metrics, named as blackbox_exporter does.

Written a few monitors at a time, so that a scrape of many thousands holds nothing else up.
"""

from collections.abc import Iterable

from aiohttp import web
from asyncpg import Record
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.utils import floatToGoString

from vedette.core.outcome import Outcome
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint
from vedette.gateway.store import monitors
from vedette.store.pool import connection

_AT_A_TIME = 500
# Our phases by the names that blackbox_exporter's dashboards know.
_PHASES = {
    "resolve": "resolve",
    "connect": "connect",
    "tls": "tls",
    "first_byte": "processing",
    "transfer": "transfer",
}
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class _Gauge:
    """One metric in Prometheus' text format."""

    def __init__(self, name: str, documentation: str) -> None:
        self._name = name
        self.lines = [f"# HELP {name} {documentation}\n# TYPE {name} gauge\n"]

    def add(self, labels: str, value: float) -> None:
        """Add a series; the labels are written already."""
        shown = floatToGoString(value)  # type: ignore[no-untyped-call]
        self.lines.append(f"{self._name}{{{labels}}} {shown}\n")


class _LastChecks:
    """The last checks of a workspace. One that saw nothing of its target tells nothing of it."""

    def __init__(self) -> None:
        self._success = _Gauge("probe_success", "Whether the last check was up or degraded.")
        self._duration = _Gauge("probe_duration_seconds", "How long the last check took.")
        self._status = _Gauge("probe_http_status_code", "The HTTP status of the last check.")
        self._phases = _Gauge("probe_http_duration_seconds", "Time in each phase.")

    def add(self, rows: Iterable[Record]) -> None:
        """Add rows of `store.monitors.last_checks`."""
        for row in rows:
            kind, name = row["kind"].translate(_ESCAPES), row["name"].translate(_ESCAPES)
            labels = f'kind="{kind}",monitor="{row["id"]}",name="{name}"'
            self._success.add(labels, row["outcome"] != Outcome.DOWN)
            if row["duration_ms"] is not None:
                self._duration.add(labels, row["duration_ms"] / 1000)
            if row["kind"] == "http":
                self._status.add(labels, float(row["status"] or 0))
                for phase, spent in (row["phases"] or {}).items():
                    shown = _PHASES.get(phase, phase).translate(_ESCAPES)
                    self._phases.add(f'{labels},phase="{shown}"', spent / 1000)

    def text(self) -> str:
        """All of them, each metric's series together."""
        metrics = (self._success, self._duration, self._status, self._phases)
        return "".join(line for metric in metrics for line in metric.lines)


async def probes(call: Call) -> web.Response:
    """Every monitor's last check."""
    found = _LastChecks()
    async with connection(call.pool) as db:
        rows = await monitors.last_checks(db, call.workspace, after=None, limit=_AT_A_TIME)
        while rows:
            found.add(rows)
            after = rows[-1]["id"]
            rows = await monitors.last_checks(db, call.workspace, after=after, limit=_AT_A_TIME)
    return web.Response(
        body=found.text().encode(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
    )


ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{PREFIX}/metrics", handle=probes,
        summary="Every monitor's last check, for Prometheus",
        answers={200: Answer("Metrics in Prometheus' text format.", text="text/plain")},
    ),
)  # fmt: skip
