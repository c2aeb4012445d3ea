"""Uptime of many stretches of time at once: the ratios that `uptime` finds for each of them.

What was seen, and what of that was up, is summed up along the time, once; a stretch has the
difference between its ends. So a history costs about as much as it has steps, however many spans
and maintenance windows there are.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from vedette.core.state import State
from vedette.gateway.domain.uptime import JUDGED, Sight, Span, Stretch, as_seen

_Change = tuple[datetime, int, int, int]
"""An instant, and how many spans that were seen, spans that were up, and windows of maintenance
begin there, less those that end."""
_NOTHING = timedelta(0)


def ratios(
    stretches: Sequence[tuple[datetime, datetime]],
    spans: Iterable[Span],
    *,
    created_at: datetime,
    sight: Sight,
    maintenance: Iterable[Stretch] = (),
) -> list[float | None]:
    """The uptime of each stretch, from its start to its end, as known at its end.

    None where nothing was seen of it.
    """
    spans, maintenance = list(spans), list(maintenance)
    horizon = max((end for _, end in stretches), default=created_at)
    whole = lost = _Course(spans, maintenance, horizon)
    # Whether sight was lost is a question of when it is asked; since when is not.
    if sight.lost_at(horizon) is not None:
        lost = _Course(as_seen(spans, sight, horizon), maintenance, horizon)
    return [
        (whole if sight.lost_at(end) is None else lost).ratio(max(start, created_at), end)
        for start, end in stretches
    ]


class _Course:
    """How much was seen, and was up, until each instant at which that changes its pace."""

    def __init__(
        self, spans: Iterable[Span], maintenance: Iterable[Stretch], horizon: datetime
    ) -> None:
        self._at: list[datetime] = []
        self._paces: list[tuple[int, int]] = []
        self._sums: list[tuple[timedelta, timedelta]] = []
        seen = up = apart = 0
        for at, more_seen, more_up, more_apart in _changes(spans, maintenance, horizon):
            self._sums.append(self._until(at))
            self._at.append(at)
            seen, up, apart = seen + more_seen, up + more_up, apart + more_apart
            self._paces.append((0, 0) if apart else (seen, up))

    def ratio(self, start: datetime, end: datetime) -> float | None:
        """Up, of what was seen between two instants; None if that is nothing."""
        if start >= end:
            return None
        (seen_before, up_before), (seen, up) = self._until(start), self._until(end)
        return (up - up_before) / (seen - seen_before) if seen > seen_before else None

    def _until(self, at: datetime) -> tuple[timedelta, timedelta]:
        last = bisect_right(self._at, at) - 1
        if last < 0:
            return _NOTHING, _NOTHING
        (seen, up), (seen_pace, up_pace) = self._sums[last], self._paces[last]
        since = at - self._at[last]
        return seen + seen_pace * since, up + up_pace * since


def _changes(
    spans: Iterable[Span], maintenance: Iterable[Stretch], horizon: datetime
) -> list[_Change]:
    found: list[_Change] = []
    for span in spans:
        if span.state in JUDGED:
            up = int(span.state is not State.DOWN)
            found += _both(span.started_at, span.ended_at or horizon, 1, up, 0)
    for started_at, ended_at in maintenance:
        found += _both(started_at, ended_at or horizon, 0, 0, 1)
    return sorted(found, key=itemgetter(0))


def _both(start: datetime, end: datetime, seen: int, up: int, apart: int) -> list[_Change]:
    if start >= end:
        return []
    return [(start, seen, up, apart), (end, -seen, -up, -apart)]
