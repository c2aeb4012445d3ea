"""Which field somebody meant who wrote one that there isn't, by the types that are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

_NONE = "there is no such field"
_LONGEST = 64
Location = Sequence[int | str]
"""Where in what was read, as pydantic says it: with the tags of unions among the fields."""


def meant(of: Any, location: Location) -> str:
    """What is said of a field that isn't there, with the one that may be meant, or all there are.

    `of` is the type that was read, a model or a union of some.
    """
    *place, last = location
    written = str(last)
    there, top = [of], _chosen(of, location)
    for part in place:
        there = [inner for one in there for inner in _within(one, part)]
    names = [name for one in there for _, model in _members(one) for name in _fields(model)]
    if near := _elsewhere(top, written) or _like(written, names):
        return f"{_NONE}; did you mean {near[0]}?"
    return f"{_NONE}; there is {', '.join(names)}" if names else _NONE


def _like(written: str, names: Sequence[str]) -> list[str]:
    return get_close_matches(written, names, n=1) if len(written) <= _LONGEST else []


def _elsewhere(top: Iterable[Any], written: str) -> list[str]:
    """Fields of this very name at the top, or one level below."""
    found = []
    for one in top:
        for name, field in _fields(one).items():
            if name == written:
                found.append(f"{name} at the top")
            elif any(written in _fields(inner) for _, inner in _members(field.annotation)):
                found.append(f"{name}.{written}")
    return found


def _within(of: Any, part: int | str) -> Iterator[Any]:
    """The types at a part of a location: a member of a union by its tag, or what is in a field."""
    if chosen := _tagged(of, part):
        yield from chosen
        return
    for _, member in _members(of):
        origin, arguments = get_origin(member), get_args(member)
        if field := _fields(member).get(str(part)):
            yield field.annotation
        elif isinstance(origin, type) and issubclass(origin, Mapping):
            yield arguments[1]
        elif isinstance(part, int) and isinstance(origin, type) and issubclass(origin, Sequence):
            yield arguments[0]


def _chosen(of: Any, location: Location) -> list[Any]:
    return _tagged(of, location[0]) or [member for _, member in _members(of)]


def _tagged(of: Any, tag: int | str) -> list[Any]:
    return [member for tags, member in _members(of) if tag in tags]


def _members(of: Any) -> Iterator[tuple[frozenset[Any], Any]]:
    """The types of a union, or the one type that it is, each with what pydantic calls it by."""
    kind, known = of, frozenset[Any]()
    while get_origin(kind) is Annotated:
        known |= {one.tag for one in get_args(kind)[1:] if isinstance(one, Tag)}
        kind = get_args(kind)[0]
    if get_origin(kind) not in {Union, UnionType}:
        yield known, kind
        return
    for member in get_args(kind):
        for tags, inner in _members(member):
            yield tags | _literals(inner), inner


def _literals(model: Any) -> frozenset[Any]:
    """The word by which a union's discriminator tells a model."""
    words = [
        get_args(field.annotation)
        for field in _fields(model).values()
        if get_origin(field.annotation) is Literal
    ]
    return frozenset(word for (word, *others) in words if not others)


def _fields(of: Any) -> dict[str, FieldInfo]:
    """A model's fields as they are written."""
    if not (isinstance(of, type) and issubclass(of, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in of.model_fields.items()}
