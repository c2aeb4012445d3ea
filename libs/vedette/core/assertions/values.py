"""What is wrong with a leaf's value or property, if anything."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from vedette.core.assertions.compare import number_of
from vedette.core.assertions.jsonpath import Path
from vedette.core.assertions.patterns import Pattern, from_wildcard, is_wildcard
from vedette.core.assertions.rules import DOMAIN, LATENCIES, SECTIONS, values_of
from vedette.core.assertions.schema import Schema

LENGTHS = frozenset({"equals", "not_equals", "less", "greater", "between", "in"})
LONGEST_TEXT = 65_536
_DEEPEST = 32
_MOST_CHOICES = 100


def check_value(subject: str, property: str | None, operator: str, value: Any) -> None:  # noqa: A002
    """Raises ValueError."""
    shape = _SHAPES.get(operator, _one)
    if subject == "json_schema":
        Schema(bounded(value))
    elif operator in {"exists", "matches", "length"}:
        shape(value)
    else:
        shape(bounded(value), loose=subject == "json")
        _check_type(subject, values_of(subject, property), operator, value)


def check_property(subject: str, property: str | None) -> None:  # noqa: A002
    """Raises ValueError."""
    match subject:
        case "header" if not property:
            raise ValueError("a header assertion names the header in `property`")
        case "header" if property and is_wildcard(property):
            Pattern(from_wildcard(property))
        case "json" | "json_schema" if property is not None:
            Path(property)
        case "latency" if property not in (None, *LATENCIES):
            raise ValueError(
                f"latency has the phases {', '.join(LATENCIES)}, or none for the total"
            )
        case "answer" if property not in (None, *SECTIONS):
            raise ValueError(f"answer has the sections {', '.join(SECTIONS)}")
        case "certificate" if not property:
            raise ValueError("a certificate assertion names in `property` what of it: days_left, …")
        case "domain" if property not in DOMAIN:
            raise ValueError(f"a domain assertion names in `property` one of {', '.join(DOMAIN)}")
        case "header" | "json" | "json_schema" | "latency" | "certificate" | "answer" | "domain":
            return
        case _ if property is not None:
            raise ValueError(f"{subject} has no property")


def bounded(value: Any) -> Any:
    """The value, if its depth is bounded. Raises ValueError."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return value
    raise ValueError("the value is nested too deep")


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_type(subject: str, wanted: str, operator: str, value: Any) -> None:
    values = value if operator in {"between", "in"} and isinstance(value, list) else [value]
    ordering = operator in {"less", "greater", "between"}
    if any(isinstance(v, str) and len(v) > LONGEST_TEXT for v in values):
        raise ValueError(f"text has at most {LONGEST_TEXT} characters")
    if wanted == "numbers" and not all(_is_number(v) for v in values):
        raise ValueError(f"{subject} is compared with numbers")
    if wanted == "flags" and not all(isinstance(v, bool) for v in values):
        raise ValueError(f"this of the {subject} is compared with true or false")
    if wanted == "text" and not all(
        isinstance(v, str) or (ordering and _is_number(v)) for v in values
    ):
        raise ValueError(f"{subject} is compared with text" + " or a number" * ordering)
    if (
        wanted == "json"
        and ordering
        and not all(isinstance(v, str) or _is_number(v) for v in values)
    ):
        raise ValueError(f"{operator} takes numbers or text")


def _one(value: object, *, loose: bool = False) -> None:
    if not loose and (value is None or isinstance(value, list | dict)):
        raise ValueError("this operator takes one value")


def _flag(value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError("exists takes true or false")  # noqa: TRY004 (pydantic's kind)


def _pair(value: object, **_: bool) -> None:
    if not (isinstance(value, list) and len(value) == 2):
        raise ValueError("between takes [lowest, highest], both included")


def _choices(value: object, **_: bool) -> None:
    if not (isinstance(value, list) and 1 <= len(value) <= _MOST_CHOICES):
        raise ValueError(f"in takes a list of 1 to {_MOST_CHOICES} values")


def _pattern(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError("matches takes a pattern")  # noqa: TRY004 (pydantic's kind)
    Pattern(value)


def _length(value: object) -> None:
    if isinstance(value, dict):
        ((operator, operand),) = value.items() if len(value) == 1 else (("", None),)
        if operator in LENGTHS:
            {"between": _pair, "in": _choices}.get(operator, _one)(operand)
            if all(_is_number(v) for v in (operand if isinstance(operand, list) else [operand])):
                return
    elif _is_number(value):
        return
    raise ValueError(
        'length takes a number, or one comparison with numbers, such as {"greater": 0}, of '
        + ", ".join(sorted(LENGTHS))
    )


def _is_number(value: object) -> bool:
    number = None if isinstance(value, str) else number_of(value)
    return number is not None and math.isfinite(number)


_SHAPES: Mapping[str, Callable[..., None]] = {
    "exists": _flag,
    "between": _pair,
    "in": _choices,
    "matches": _pattern,
    "length": _length,
}
