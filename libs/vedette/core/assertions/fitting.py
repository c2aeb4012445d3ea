"""Whether one value fits a leaf, made ready: None where that can't be said."""

from collections.abc import Callable
from typing import Any

from vedette.core.assertions.compare import COMPARE, length, text_of
from vedette.core.assertions.model import Leaf
from vedette.core.assertions.patterns import Pattern
from vedette.core.assertions.schema import Schema

Fits = Callable[[Any], bool | None]


def fitting(leaf: Leaf) -> Fits:
    """What tries a leaf's values. It may raise Unreadable."""
    value: Any = leaf.value
    if leaf.subject == "json_schema":
        schema = Schema(value)
        return lambda seen: schema.misfit(seen) is None
    match leaf.operator:
        case "matches":
            pattern = Pattern(value)
            return lambda seen: pattern.found_in(text_of(seen))
        case "length":
            return _length(value)
        case "exists":
            return lambda _: bool(value)
    compare = COMPARE[leaf.operator]
    return lambda seen: compare(seen, value)


def _length(value: Any) -> Fits:
    ((operator, operand),) = value.items() if isinstance(value, dict) else (("equals", value),)
    compare = COMPARE[operator]

    def fits(seen: Any) -> bool | None:
        found = length(seen)
        return None if found is None else compare(found, operand)

    return fits
