"""Assertions and what was seen, in words that fit on a line."""

from collections.abc import Sequence
from typing import Any

import orjson

from vedette.core.assertions.model import AllOf, AnyOf, Leaf, Not, Seen, Tree
from vedette.core.assertions.rules import unit_of

CUT = "..."
_VALUE = 80
_MESSAGE = 500
_WORDS = {"not_equals": "does not equal", "starts_with": "starts with", "less": "less than",
          "greater": "greater than"}  # fmt: skip


def expected(node: Tree) -> str:
    """What an assertion asks for."""
    match node:
        case AllOf():
            return " and ".join(_inner(child) for child in node.all)
        case AnyOf():
            return " or ".join(_inner(child) for child in node.any)
        case Not():
            return f"not ({expected(node.not_)})"
        case Leaf():
            return _leaf(node)


def name(leaf: Leaf | Seen) -> str:
    """What a leaf looks at, or is compared with."""
    if leaf.subject in {"json", "json_schema"}:
        return f"json {leaf.property or '$'}"
    return leaf.subject if leaf.property is None else f"{leaf.subject} {leaf.property}"


def values(leaf: Leaf | Seen, seen: Sequence[Any]) -> str:
    """What a leaf saw."""
    if not seen:
        return "nothing"
    unit = unit_of(leaf.subject, leaf.property)
    text = ", ".join(_quantity(value, unit) for value in seen[:10])
    return cut(text if len(seen) <= 10 else f"{text}, {CUT}", 2 * _VALUE)


def cut(text: str, limit: int = _MESSAGE) -> str:
    """The text, within a limit, and without characters that can't be shown or stored."""
    kept = text if len(text) <= limit else text[: limit - len(CUT)] + CUT
    return "".join(c if c.isprintable() else _escaped(c) for c in kept)


def shown(value: Any) -> str:
    """A value, cut to a readable length."""
    if isinstance(value, str):
        text = repr(value[: _VALUE + 1])
        return text if len(value) <= _VALUE else repr(value[: _VALUE - len(CUT)] + CUT)
    try:
        return cut(orjson.dumps(value).decode(), _VALUE)
    except (TypeError, RecursionError):
        return "a value that can't be shown" if isinstance(value, list | dict) else str(value)


def _inner(node: Tree) -> str:
    return f"({expected(node)})" if isinstance(node, AllOf | AnyOf) else expected(node)


def _leaf(leaf: Leaf) -> str:
    what = name(leaf)
    if leaf.match is not None:
        what = f"{leaf.match} {what}"
    if leaf.subject == "json_schema":
        return f"{what} fits its schema"
    if leaf.operator == "exists":
        return f"{what} exists" if leaf.value else f"{what} is missing"
    if leaf.operator == "length":
        return f"{what} length {_length(leaf.value)}"
    if leaf.value_of is not None:
        return f"{what} {_WORDS.get(leaf.operator, leaf.operator)} {name(leaf.value_of)}"
    unit = unit_of(leaf.subject, leaf.property)
    return f"{what} {_comparison(leaf.operator, leaf.value, unit)}"


def _length(value: Any) -> str:
    if not isinstance(value, dict):
        return _comparison("equals", value, "")
    return " ".join(_comparison(operator, operand, "") for operator, operand in value.items())


def _comparison(operator: str, value: Any, unit: str) -> str:
    if operator == "between":
        return f"between {shown(value[0])} and {_quantity(value[1], unit)}"
    return f"{_WORDS.get(operator, operator)} {_quantity(value, unit)}"


def _quantity(value: Any, unit: str) -> str:
    if unit and isinstance(value, float):
        return f"{round(value, 1)}{unit}"
    return f"{shown(value)}{unit}" if unit and isinstance(value, int) else shown(value)


def _escaped(character: str) -> str:
    return repr(character)[1:-1]
