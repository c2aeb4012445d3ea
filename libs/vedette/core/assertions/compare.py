"""How what was seen is compared. None means that it can't be."""

import re
from collections.abc import Callable
from typing import Any

import orjson

from vedette.core.assertions.budget import Unreadable

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_PREFIXED = re.compile(r"([+-]?)0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)
_LONGEST_NUMBER = 64


def number_of(value: object) -> int | float | None:
    """The number that a value is, or that its text looks like."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if value == value else None  # noqa: PLR0124 (NaN isn't)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return None
    text = value.strip()
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if not _NUMBER.fullmatch(text):
        return None
    return float(text) if any(c in text for c in ".eE") else int(text)


def text_of(value: object) -> str:
    """A value as text: compact JSON, unless it is text. Raises Unreadable."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except (TypeError, RecursionError) as error:
        if isinstance(value, list | tuple | dict):
            raise Unreadable("a value that is nested too deep") from error
        return str(value)


def same(seen: object, value: object) -> bool:
    """Whether two JSON values are equal: of one type, and numbers as numbers."""
    if isinstance(value, bool) or isinstance(seen, bool):
        return seen is value
    if isinstance(value, list) and isinstance(seen, list | tuple):
        return len(seen) == len(value) and all(map(same, seen, value))
    if isinstance(value, dict) and isinstance(seen, dict):
        return seen.keys() == value.keys() and all(same(seen[key], value[key]) for key in value)
    return seen == value


def order(seen: object, value: object) -> int | None:
    """Below 0 if what was seen is less, 0 if equal, above if greater."""
    left, right = number_of(seen), number_of(value)
    if left is not None and right is not None:
        return (left > right) - (left < right)
    if isinstance(seen, str) and isinstance(value, str):
        return (seen > value) - (seen < value)
    return None


def alike(seen: object, other: object) -> bool:
    """Whether two values that were both seen are equal; text may spell a number."""
    left, right = number_of(seen), number_of(other)
    return left == right if left is not None and right is not None else same(seen, other)


def contains(seen: object, value: object) -> bool:
    """Whether a list has the value as an element, or a text has it within."""
    if isinstance(seen, list | tuple):
        return any(same(element, value) for element in seen)
    return text_of(value) in text_of(seen)


def length(seen: object) -> int | None:
    """The elements of a list, members of an object, characters of anything else but null."""
    if isinstance(seen, str | list | tuple | dict):
        return len(seen)
    return None if seen is None else len(text_of(seen))


def less(seen: object, value: object) -> bool | None:
    """Whether what was seen is less."""
    ordered = order(seen, value)
    return None if ordered is None else ordered < 0


def greater(seen: object, value: object) -> bool | None:
    """Whether what was seen is greater."""
    ordered = order(seen, value)
    return None if ordered is None else ordered > 0


def between(seen: object, value: Any) -> bool | None:
    """Whether what was seen is neither below the first nor above the second."""
    lowest, highest = order(seen, value[0]), order(seen, value[1])
    return None if lowest is None or highest is None else lowest >= 0 >= highest


COMPARE: dict[str, Callable[[Any, Any], bool | None]] = {
    "equals": same,
    "not_equals": lambda seen, value: not same(seen, value),
    "less": less,
    "greater": greater,
    "between": between,
    "in": lambda seen, value: any(same(seen, one) for one in value),
    "contains": contains,
    "starts_with": lambda seen, value: text_of(seen).startswith(text_of(value)),
}
BETWEEN_SEEN: dict[str, Callable[[Any, Any], bool | None]] = {
    **COMPARE,
    "equals": alike,
    "not_equals": lambda seen, other: not alike(seen, other),
}
"""The same for two values that were both seen."""
