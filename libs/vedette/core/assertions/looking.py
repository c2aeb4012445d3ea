"""Where each leaf looks: the values it finds among the facts, none if there are none."""

from collections.abc import Callable, Sequence
from typing import Any

from vedette.core.assertions.facts import Facts
from vedette.core.assertions.jsonpath import Path
from vedette.core.assertions.model import Leaf, Seen
from vedette.core.assertions.patterns import Pattern, from_wildcard, is_wildcard

Look = Callable[[Facts], Sequence[Any]]


def looker(leaf: Leaf | Seen) -> Look:
    """What finds the values of a leaf, or of what it is compared with. It may raise Unreadable."""
    match leaf.subject:
        case "json" | "json_schema":
            return _at_path(leaf.property or "$")
        case "header":
            return _header((leaf.property or "").lower())
        case "latency":
            return _part("latency", leaf.property or "total")
        case "certificate" | "domain":
            return _part(leaf.subject, leaf.property or "")
        case "answer":
            return _whole(leaf.property or "answer")
        case _:
            return _whole(leaf.subject)


def _at_path(text: str) -> Look:
    if text == "$":
        return lambda facts: [facts.document()]
    path = Path(text)
    return lambda facts: path.find(facts.document())


def _header(name: str) -> Look:
    if not is_wildcard(name):
        return _part("header", name)
    pattern = Pattern(from_wildcard(name))

    def look(facts: Facts) -> Sequence[Any]:
        headers = facts.get("header") or {}
        fitting = (values for name, values in headers.items() if pattern.fits(name))
        return [value for values in fitting for value in _listed(values)]

    return look


def _part(subject: str, name: str) -> Look:
    def look(facts: Facts) -> Sequence[Any]:
        parts = facts.get(subject)
        return _listed(parts.get(name)) if isinstance(parts, dict) else []

    return look


def _whole(subject: str) -> Look:
    return lambda facts: _listed(facts.get(subject))


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return []
    return value if isinstance(value, list | tuple) else [value]
