"""Instants as people write them."""

import re
from datetime import UTC, datetime, timedelta

from vedette.core.errors import Permanent

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(written: str, now: datetime) -> datetime:
    """`1h` is an hour before `now`; else it is an RFC 3339 instant. Raises Permanent."""
    ago = _AGO.fullmatch(written)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise Permanent(
            f"--since {written}: neither a time like 30m, 1h or 7d, nor an instant like"
            " 2026-01-31T12:00:00Z"
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
