"""A monitor's history in steps of time, as the API shows it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from vedette.core.histogram import ERROR
from vedette.core.instants import iso, to_ms
from vedette.gateway.domain.tally import Tally
from vedette.gateway.views.common import Instant, View, milliseconds

_WITHIN = f"within {ERROR:.1%}"


class LatencyView(View):
    """How long checks took that found the target up or degraded; null without any."""

    average_ms: float | None
    p50_ms: float | None = Field(description=f"Half of them took no longer, {_WITHIN}.")
    p95_ms: float | None = Field(description=f"95 of 100 took no longer, {_WITHIN}.")
    p99_ms: float | None = Field(description=f"99 of 100 took no longer, {_WITHIN}.")


class CountsView(View):
    """How many checks ended in which way."""

    up: int
    degraded: int
    down: int
    internal_error: int
    missed: int


class StepView(View):
    """A step of time, or all of them."""

    at: Instant = Field(description="When it begins.")
    uptime: float | None = Field(
        ge=0, le=1, description="Exact, over all regions; null when nothing was seen."
    )
    checks: CountsView
    latency: LatencyView


class SeriesView(View):
    """A monitor's history in steps."""

    monitor_id: UUID
    since: Instant = Field(description="When the first step begins.")
    until: Instant
    step: Literal["hour", "day"]
    region: str | None
    total: StepView = Field(description="All steps together.")
    steps: list[StepView] = Field(description="Oldest first, also those without any check.")


def latency_view(tally: Tally) -> dict[str, float | None]:
    """A tally's times as an answer: a `LatencyView`."""
    p50, p95, p99 = tally.percentiles_ms(50, 95, 99)
    return {
        "average_ms": milliseconds(tally.average_ms),
        "p50_ms": milliseconds(p50),
        "p95_ms": milliseconds(p95),
        "p99_ms": milliseconds(p99),
    }


def step_view(at: datetime, tally: Tally, uptime: float | None) -> dict[str, Any]:
    """One step as an answer: a `StepView`, made without the model, for there may be thousands."""
    return {
        "at": iso(to_ms(at)),
        "uptime": uptime,
        "checks": tally.counts,
        "latency": latency_view(tally),
    }
