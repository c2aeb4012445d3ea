"""Values against values."""

from collections.abc import Callable
from typing import Any

from tests.conformance.observation import Observation

Comparison = Callable[[Any, Observation], str | None]
_TOLERANCE = 1e-6


def equal(expected: Any, actual: Any) -> str | None:
    """None if they are; in lists, an entry of ours that is None is not known, and fits."""
    return None if _fits(expected, actual) else f"expected {expected!r}, got {actual!r}"


def _fits(expected: Any, actual: Any) -> bool:
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return len(expected) == len(actual) and all(a is None or _fits(e, a) for e, a in pairs)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return all(key in actual and _fits(expected[key], actual[key]) for key in expected)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return abs(expected - actual) < _TOLERANCE
    return bool(expected == actual)


def within(low: float, high: float, actual: float | None) -> str | None:
    """None if it is between both."""
    if actual is not None and low <= actual <= high:
        return None
    return f"expected {low} to {high}, got {actual}"
