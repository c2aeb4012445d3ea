"""What is found when, of checks that are handed in."""

from typing import Any

from tests.conformance.expecting.comparing import Comparison
from tests.conformance.observation import Observation


def _timeline(expected: list[dict[str, Any]], observation: Observation) -> str | None:
    """Others may lie between, unless it is to be complete."""
    seen = observation.values["timeline_seen"]
    left = iter(seen)
    if all(any(_fits(one, other) for other in left) for one in expected):
        return None
    return f"expected {expected}, got {seen}"


def _fits(expected: dict[str, Any], seen: dict[str, Any]) -> bool:
    first, last = expected["at_s"]
    told = expected.get("notify", seen["notify"]) == seen["notify"]
    return bool(first <= seen["at_s"] <= last and expected["status"] == seen["status"] and told)


COMPARISONS: dict[str, Comparison] = {"timeline": _timeline}
