"""A monitor's history as the API shows it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import Field

from vedette.core.events import Cause
from vedette.core.outcome import Outcome, ReadReason
from vedette.core.result import Evidence, Hop
from vedette.core.state import State
from vedette.gateway.domain.tally import Tally
from vedette.gateway.domain.uptime import Uptime
from vedette.gateway.views.common import CheckSummary, Instant, View, milliseconds, shown
from vedette.gateway.views.series import LatencyView, latency_view


class CheckView(View):
    """One check."""

    slot: Instant = Field(description="When it was due.")
    region: str
    outcome: Outcome
    reason: ReadReason
    message: str | None
    started_at: Instant | None
    duration_ms: float | None
    phases: dict[str, float] = Field(description="Milliseconds in each phase that was entered.")
    facts: dict[str, str | int | float | bool]
    hops: list[Hop] = Field(
        description="If it was redirected and did not end well: request by request."
    )
    late: bool = Field(
        description="It came after its round had been judged, by a quorum of the regions or by the "
        "end of its time, and so had no say."
    )
    no_say: str | None = Field(
        default=None,
        description="Why it was counted as internal_error, and so had no say: its region is "
        "broken. The outcome is what the prober found.",
    )
    evidence: Evidence | None = Field(
        default=None, description="What a failing target answered, if it was asked for."
    )


class StateView(View):
    """How a monitor stands, and why."""

    state: State
    since: Instant
    sequence: int = Field(description="Counts the changes of state.")
    cause: Cause | None
    last_check: CheckSummary | None
    last_vote: Instant | None = Field(description="When the target was last seen at all.")
    failures: int = Field(description="Failing rounds in a row.")
    successes: int = Field(description="Good rounds in a row.")
    recheck: Instant | None = Field(description="When a suspicion is to be confirmed.")


class SpanView(View):
    """A stretch of one state."""

    sequence: int
    state: State
    started_at: Instant
    ended_at: Instant | None = Field(description="None while it lasts.")
    decided_at: Instant = Field(description="When it was known; later than its start.")
    cause: Cause | None


class UptimeView(LatencyView):
    """One window. The six states' sums and maintenance_s add up to the part of it in which the
    monitor existed; what was maintenance is in no other sum."""

    uptime: float | None = Field(
        ge=0, le=1, description="(up_s + degraded_s) / seen_s; null when nothing was seen."
    )
    up_s: float
    degraded_s: float
    down_s: float
    unknown_s: float
    paused_s: float
    pending_s: float
    maintenance_s: float
    seen_s: float = Field(description="up_s + degraded_s + down_s.")


class UptimesView(View):
    """Uptime over several windows that end together."""

    monitor_id: UUID
    until: Instant
    windows: dict[str, UptimeView] = Field(description="By length: 24h, 7d, 30d, 90d; or `range`.")


def check_view(row: Record) -> dict[str, Any]:
    """A row of `store.history.checks` as an answer."""
    detail = row["detail"] or {}
    plain = {name: row[name] for name in ("slot", "region", "outcome", "reason", "message")}
    return shown(
        CheckView(
            **plain,
            started_at=row["started_at"],
            duration_ms=milliseconds(row["duration_ms"]),
            phases=detail.get("phases", {}),
            facts=detail.get("facts", {}),
            hops=detail.get("hops", []),
            late=bool(row["late"]),
            no_say=row["no_say"],
            evidence=row["evidence"],
        )
    )


def state_view(row: Record, judged: Record | None) -> StateView:
    """Rows of `store.monitors` and, once it was judged, `store.history.standing` as an answer."""
    return StateView(
        state=row["state"],
        since=row["since"],
        last_check=row["last_check"],
        last_vote=row["last_vote"],
        sequence=judged["sequence"] if judged else 0,
        cause=judged["cause"] if judged else None,
        failures=judged["failures"] if judged else 0,
        successes=judged["successes"] if judged else 0,
        recheck=judged["recheck"] if judged else None,
    )


def span_view(row: Record) -> dict[str, Any]:
    """A row of `store.history.spans` as an answer."""
    return shown(SpanView.model_validate(dict(row)))


def uptime_view(uptime: Uptime, tally: Tally) -> UptimeView:
    """An uptime as an answer."""
    seconds = {f"{state}_s": _seconds(spent) for state, spent in uptime.in_state.items()}
    return UptimeView(
        uptime=uptime.ratio,
        seen_s=_seconds(uptime.seen),
        maintenance_s=_seconds(uptime.maintenance),
        **latency_view(tally),
        **seconds,
    )


def _seconds(spent: timedelta) -> float:
    return spent.total_seconds()
