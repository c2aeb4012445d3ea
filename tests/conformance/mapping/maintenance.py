"""Maintenance as Gatus writes it: a start, a duration, days, a time zone."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.mapping.condition import seconds
from tests.conformance.mapping.reading import Reading


def define(record: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The definition. What is left out is as Gatus has it."""
    reading = Reading(record, kind="maintenance", source=source)
    days = reading.get("every", [])
    definition = {
        "name": reading.get("name", "conformance"),
        "kind": "weekly" if days else "daily",
        "everything": True,
        "enabled": reading.get("enabled", True),
        "start_time": reading.get("start", "00:00"),
        "duration_s": _seconds(reading.get("duration", "1h")),
        "time_zone": reading.get("timezone", "UTC"),
        **({"weekdays": days} if days else {}),
    }
    reading.finish()
    return definition


def _seconds(duration: Any) -> Any:
    """`1h30m` as seconds; what can't be read is left as it is, to be refused."""
    if not isinstance(duration, str):
        return duration
    try:
        return int(seconds(duration))
    except ValueError:
        return duration
