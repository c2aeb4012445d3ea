"""Checks that are handed in: from a record to a definition of kind push, and to requests."""

import re
from typing import Any

from tests.conformance.mapping.condition import seconds
from tests.conformance.mapping.reading import NotExpressible, Reading

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+")
_SUCCESS = {"true": "up", "false": "down"}


def define(reading: Reading) -> dict[str, Any]:
    """A definition. The token is given by Vedette, so one can't be left out or empty."""
    reading.get("type")
    if not reading.get("token"):
        raise NotExpressible("no token")
    definition: dict[str, Any] = {"kind": "push", "target": {}}
    if "name" in reading:
        definition["name"] = reading.get("name")
    if "group" in reading:
        definition["tags"] = [reading.get("group")]
    every_s = reading.get("heartbeat_s", 0)
    if every_s:
        definition["target"]["every_s"] = every_s
    reading.finish()
    return definition


def expected_every(interval_s: int) -> dict[str, Any]:
    """The target of a check that Kuma expects each interval, with its one second of grace."""
    return {"every_s": interval_s, "grace_s": 1}


def result_of(query: dict[str, str]) -> dict[str, Any]:
    """Gatus's query as the body of our request."""
    success, error = query.pop("success", None), query.pop("error", None)
    duration = query.pop("duration", None)
    if query:
        raise NotExpressible(f"query {', '.join(query)}")
    body: dict[str, Any] = {"outcome": _SUCCESS.get(success or "", success)}
    if error is not None:
        body["message"] = error
    if duration is not None:
        spelt = _DURATION.fullmatch(duration) is not None
        body["duration_ms"] = seconds(duration) * 1000 if spelt else duration
    return body
