"""Instants as they travel: whole milliseconds since the Unix epoch, in UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


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
    return to_datetime(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
