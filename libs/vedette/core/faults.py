"""Pydantic's errors as a person's: which field, what is wrong with it, which rule."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vedette.core.meant import meant

_PREFIXES = ("Value error, ", "Assertion failed, ")
_INSTANT = "2026-01-31T12:00:00Z"
_ANY_VALUE = "a value is text, a number, true or false, or a list of these"
# Where pydantic's own words speak of our classes, or as a programmer does.
_MESSAGES = {
    "missing": "this field is needed",
    "model_type": "this is an object",
    "model_attributes_type": "this is an object",
    "timezone_aware": f"an instant says its time zone, like {_INSTANT}",
    "uuid_parsing": "this is no id; one is like 01a21807-635b-7da1-855a-c87572981bbb",
}
_NO_INSTANT = ("datetime_parsing", "datetime_from_date_parsing", "datetime_type")
_MOST_LOOKED_FOR = 20
"""What might be meant is looked for at the first ones alone: a body may have ever so many."""
_UNION_ERRORS = frozenset({"union_tag_invalid", "union_tag_not_found"})


class Fault(NamedTuple):
    """One wrong field: where (empty for the whole), what is wrong, and which rule it breaks."""

    field: str
    message: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def faults(error: ValidationError, of: Any = None, *, within: Iterable[str] = ()) -> list[Fault]:
    """Every wrong field, once.

    `of` is the type that was read, a model or a union of some, whose fields are suggested in place
    of those that aren't there; None if there is nobody to write them anew. `within` names tags of a
    union that stand before its fields.
    """
    found: dict[str, Fault] = {}
    for detail in error.errors(include_url=False, include_context=True):
        one = _fault(detail, of if len(found) < _MOST_LOOKED_FOR else None, frozenset(within))
        found.setdefault(one.field, one)
    return list(found.values())


def _fault(detail: ErrorDetails, of: Any, tags: frozenset[str]) -> Fault:
    location = detail["loc"]
    if location and location[0] in tags:
        location = location[1:]
    parts = _without_node_tags(location)
    if parts[:1] in (["assertions"], ["degraded_assertions"]) and "value" in parts:
        # A value may be of several types; the errors of all of them say one thing.
        parts = parts[: parts.index("value") + 1]
        return Fault(_path(parts), _ANY_VALUE, "value_type")
    if detail["type"] in _UNION_ERRORS:
        parts.append(detail["ctx"]["discriminator"].strip("'"))
    return Fault(_path(parts), _message(detail, of), detail["type"])


def _without_node_tags(location: tuple[int | str, ...]) -> list[int | str]:
    """Assertions form a tree whose nodes carry a tag each (leaf, all, any, not): leave it out."""
    if location[:2] == ("target", "auth"):
        return [*location[:2], *location[3:]]  # which scheme it was read as is no field
    if location[:1] not in {("assertions",), ("degraded_assertions",)}:
        return list(location)
    kept: list[int | str] = []
    tag_next = False
    for part in location:
        if tag_next:
            tag_next = False
            continue
        kept.append(part)
        tag_next = isinstance(part, int) or part == "not"
    return kept


def _path(parts: Iterable[int | str]) -> str:
    """`assertions[0].value`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _message(detail: ErrorDetails, of: Any) -> str:
    if detail["type"] == "extra_forbidden":
        return meant(of, detail["loc"])
    if detail["type"] in _MESSAGES:
        return _MESSAGES[detail["type"]]
    if detail["type"] in _NO_INSTANT:
        return f"this is no instant; one is like {_INSTANT}"
    message = detail["msg"]
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message
