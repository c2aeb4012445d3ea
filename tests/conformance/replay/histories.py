"""By what sums up: uptime over a window, and the days that results belong to.

Ours is time, theirs counts results: here each result stands for the time until the next one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.conformance.mapping.reading import NotExpressible

from vedette.core.histogram import bucket_of
from vedette.core.instants import iso, to_ms
from vedette.core.outcome import Outcome
from vedette.core.overall import Overall, overall
from vedette.core.state import State
from vedette.gateway.domain.tally import Tally
from vedette.gateway.domain.uptime import Sight, Span, uptime

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_WORDS = {
    Overall.NOTHING: "none",
    Overall.UP: "all-up",
    Overall.PARTLY: "partial",
    Overall.DOWN: "all-down",
    Overall.UNKNOWN: "all-down",
    Overall.MAINTENANCE: "maintenance",
}
_WITHOUT_PENDING = {"PENDING": "DOWN"}
"""Kuma's status of a target that fails, but not yet for long."""
_FIRST = {"alternating, UP first": State.UP, "alternating, DOWN first": State.DOWN}
_WINDOWS = {"1h": 1 / 24, "24h": 1, "7d": 7, "30d": 30, "365d": 365}


def day(probe: Mapping[str, Any]) -> dict[str, Any]:
    """The day of an instant, as events and the API show it."""
    return {"day": iso(to_ms(datetime.fromisoformat(probe["time"])))[:10]}


def daily(probe: Mapping[str, Any]) -> dict[str, Any]:
    """One result a day, now up and now down."""
    first = _FIRST.get(probe["daily"])
    if first is None:
        raise NotExpressible(f"daily {probe['daily']}")
    others = {State.UP: State.DOWN, State.DOWN: State.UP}
    states = [others[first] if at % 2 else first for at in range(probe["days"])]
    ratios = _ratios(states, timedelta(days=1))
    return {f"uptime_{window}": ratio for window, ratio in ratios.items()}


def beats(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Results with their response times."""
    judged = [beat for beat in probe["beats"] if beat[0] != "MAINTENANCE"]
    states = [State(_WITHOUT_PENDING.get(beat[0], beat[0]).lower()) for beat in judged]
    tally = Tally()
    for beat in judged:
        tally.add(_rollup(beat))
    ratios = _ratios(states, timedelta(minutes=1)) if states else dict.fromkeys(_WINDOWS)
    # What nobody has seen is 0, there.
    uptimes = {f"uptime_{window}": ratio or 0 for window, ratio in ratios.items()}
    return uptimes | {"average_ping_ms": tally.average_ms}


def _rollup(beat: Sequence[Any]) -> dict[str, Any]:
    """What is kept of a check: a time only if the target answered."""
    outcome = Outcome(_WITHOUT_PENDING.get(beat[0], beat[0]).lower())
    times = [float(beat[1])] if len(beat) > 1 and outcome.value in {"up", "degraded"} else []
    return {
        **{each.value: int(each is outcome) for each in Outcome},
        "total_ms": sum(times),
        "buckets": [bucket_of(ms) for ms in times],
        "counts": [1 for _ in times],
    }


def summary(probe: Mapping[str, Any]) -> dict[str, Any]:
    """One word for the latest statuses; MAINTENANCE is no state but lies over one."""
    latest = probe["latest"]
    states = [State.UP if one == "MAINTENANCE" else State(one.lower()) for one in latest]
    return {"summary": _WORDS[overall(states, maintenance="MAINTENANCE" in latest)]}


def halves(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Results so many seconds ago."""
    results = sorted(probe["results"], key=lambda one: -one["ago_s"])
    gaps = {earlier["ago_s"] - later["ago_s"] for earlier, later in pairwise(results)}
    if len(gaps) > 1:
        raise NotExpressible("results at uneven times")
    states = [State.UP if one["success"] else State.DOWN for one in results]
    ratios = _ratios(states, timedelta(seconds=gaps.pop() if gaps else 60))
    return {"uptime": {window: ratios[window] for window in ("1h", "24h", "7d")}}


def _ratios(states: Sequence[State], each: timedelta) -> dict[str, float | None]:
    begin = _NOW - each * len(states)
    spans = [
        Span(state, begin + each * at, begin + each * (at + 1)) for at, state in enumerate(states)
    ]
    sight = Sight(last_vote=_NOW, interval_s=60, timeout_s=5)
    return {
        name: uptime(
            spans, window=timedelta(days=days), created_at=begin, sight=sight, now=_NOW
        ).ratio
        for name, days in _WINDOWS.items()
    }
