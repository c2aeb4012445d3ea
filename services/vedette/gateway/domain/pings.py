"""What the addresses say by which jobs and other programs report. Pure.

Heartbeats take the URL grammar of Healthchecks (`/ping/<token>[/start|/fail|/log|/<exit status>]`
with `?rid=<UUID>`), pushed results that of Uptime Kuma (`?status=up&msg=OK&ping=12.5`).
"""

from collections.abc import Mapping
from math import isfinite
from uuid import UUID

from vedette.core.reporting import Report, Signal

BODY_LIMIT_BYTES = 100_000
_SIGNALS = {"": Signal.SUCCESS, "start": Signal.START, "fail": Signal.FAIL, "log": Signal.LOG}
_LARGEST_EXIT_STATUS = 255
_LONGEST_PING_MS = 100_000_000_000
_LONGEST_MESSAGE = 1000


def ping(action: str, query: Mapping[str, str], *, at: int) -> Report:
    """What a job says. Raises ValueError in words that it can be told."""
    run = query.get("rid", "")
    if run:
        try:
            run = str(UUID(run))
        except ValueError:
            raise ValueError("invalid uuid format") from None
    if action in _SIGNALS:
        return Report(at, _SIGNALS[action], run)
    if not (action.isascii() and action.isdecimal()) or int(action) > _LARGEST_EXIT_STATUS:
        raise ValueError("invalid url format")
    status = int(action)
    return Report(at, Signal.FAIL if status else Signal.SUCCESS, run, exit_status=status)


def push(query: Mapping[str, str], *, at: int) -> Report:
    """What something else found. Raises ValueError for a time that can't be."""
    signal = Signal.UP if query.get("status", "up") == "up" else Signal.DOWN
    message = query.get("msg") or "OK"
    return Report(
        at, signal, message=clean(message), duration_ms=_milliseconds(query.get("ping", ""))
    )


def clean(message: str) -> str:
    """A message as the database can hold it."""
    return message[:_LONGEST_MESSAGE].replace("\0", "\ufffd")


def _milliseconds(ping: str) -> float | None:
    try:
        found = float(ping)
    except ValueError:
        return None
    if not isfinite(found):
        return None
    if not 0 <= found <= _LONGEST_PING_MS:
        raise ValueError("ping is the milliseconds that something took")
    return found or None
