"""Instants as they travel: whole milliseconds since the Unix epoch, in UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
AHEAD_MS = 60_000
"""What is dated later than this after now was dated by a clock that was put back since."""


def to_datetime(ms: int) -> datetime:
    """The aware UTC datetime of `ms`, exact to the millisecond."""
    return EPOCH + ms * _MS


def to_ms(at: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime, rounded down.

    Raises TypeError for a naive datetime.
    """
    return (at - EPOCH) // _MS


def iso(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as events and the API show it."""
    second, rest = divmod(ms, 1000)
    return f"{_iso_second(second)}.{rest:03}Z"


@lru_cache(maxsize=256)
def _iso_second(second: int) -> str:
    """Kept, for what happens at about the same time is told of together, a thousand times over."""
    return to_datetime(second * 1000).replace(tzinfo=None).isoformat()
