"""Uptime: how long a monitor was in each state, exactly, from its spans.

Uptime is time, not a count of checks. Only time in which the target was seen counts: what was
unknown, paused or pending is left out of the ratio, and told beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vedette.core.state import State

WINDOWS: Mapping[str, timedelta] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
JUDGED = frozenset({State.UP, State.DEGRADED, State.DOWN})
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one state; the open one has no end."""

    state: State
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """When a monitor was last seen, and how often it should be; None: as often as it is told."""

    last_vote: datetime | None
    interval_s: int | None
    timeout_s: float

    @property
    def patience(self) -> timedelta | None:
        """How long to wait for a vote before it counts as not seen."""
        if self.interval_s is None:
            return None
        return timedelta(seconds=3 * self.interval_s + self.timeout_s)

    def lost_at(self, now: datetime) -> datetime | None:
        """Since when nothing is known, if votes are overdue: three intervals and a check.

        The last vote vouches for three intervals, as the processor has it when it says `unknown`.
        """
        if self.last_vote is None or self.interval_s is None or self.patience is None:
            return None
        if now - self.last_vote <= self.patience:
            return None
        return self.last_vote + timedelta(seconds=3 * self.interval_s)


@dataclass(frozen=True, slots=True)
class Uptime:
    """Time in each state within one window."""

    in_state: Mapping[State, timedelta]

    @property
    def seen(self) -> timedelta:
        """Time in which the target's state was known."""
        return sum((self.in_state[state] for state in JUDGED), _NOTHING)

    @property
    def ratio(self) -> float | None:
        """Up or degraded, of the time seen; None when nothing was seen."""
        up = self.in_state[State.UP] + self.in_state[State.DEGRADED]
        return up / self.seen if self.seen else None


def uptime(
    spans: Iterable[Span], *, window: timedelta, created_at: datetime, sight: Sight, now: datetime
) -> Uptime:
    """The sums over the last `window`, as far as the monitor existed.

    The sums of all states add up to that time: what no span covers is pending.
    """
    begin = min(max(now - window, created_at), now)
    totals = dict.fromkeys(State, _NOTHING)
    for span in _as_seen(spans, sight, now):
        overlap = min(span.ended_at or now, now) - max(span.started_at, begin)
        totals[span.state] += max(overlap, _NOTHING)
    totals[State.PENDING] += now - begin - sum(totals.values(), _NOTHING)
    return Uptime(totals)


def _as_seen(spans: Iterable[Span], sight: Sight, now: datetime) -> Iterable[Span]:
    """The spans, with the tail of an open one cut off where sight of the target was lost."""
    lost_at = sight.lost_at(now)
    for span in spans:
        if span.ended_at is not None or lost_at is None or span.state not in JUDGED:
            yield span
            continue
        cut = max(lost_at, span.started_at)
        yield Span(span.state, span.started_at, cut)
        yield Span(State.UNKNOWN, cut, None)
