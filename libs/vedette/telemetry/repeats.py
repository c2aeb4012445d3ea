"""Warnings that say the same over and over, as all do that wait for one outage to end."""

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

QUIET_S = 10.0
# Of a warning that is told again these may differ.
_INCIDENTAL = frozenset({"attempt", "timestamp", "trace_id"})
_MOST = 1000


@dataclass(slots=True)
class _Told:
    at: float
    since: int = 0


class Repeats:
    """Keeps back a warning that was told less than ten seconds ago; the next says how many were.

    For structlog's processors, after the one that adds the level. `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def __call__(
        self, _logger: Any, _method: str, record: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Raises DropEvent for what is kept back."""
        if record.get("level") != "warning":
            return record
        said = repr(sorted((key, record[key]) for key in record.keys() - _INCIDENTAL))
        now, before = self._clock(), self._told.get(said)
        if before is not None and now - before.at < QUIET_S:
            before.since += 1
            raise structlog.DropEvent
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[said] = _Told(now)
        if before is not None and before.since:
            record["repeated"] = before.since
        return record
