"""Reading requests: bodies, query parameters, ids, preconditions. Raises Problem."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from vedette.gateway.invalid import field_errors
from vedette.gateway.problems import FieldError, Problem, bad_query, invalid, not_found

JSON_TYPES = ("application/json",)
PATCH_TYPES = ("application/merge-patch+json", "application/json")


# What reads and writes JSON calls itself, and gives up at about 250 levels.
_MOST_LEVELS = 100


class Query(BaseModel):
    """Query parameters: those a model names, each once, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Q = TypeVar("Q", bound=Query)


def read_query(request: web.Request, model: type[Q]) -> Q:
    """The query parameters."""
    twice = [name for name in request.query if len(request.query.getall(name)) > 1]
    if twice:
        raise bad_query([FieldError(field=twice[0], message="given twice", rule="twice")])
    nul = [name for name, value in request.query.items() if "\0" in name + value]
    if nul:
        raise bad_query([FieldError(field=nul[0], message="has a NUL character", rule="nul")])
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise bad_query(field_errors(error, model)) from None


def read_id(request: web.Request, what: str) -> UUID:
    """The id in the path; one that is none names nothing."""
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise not_found(what) from None


async def read_object(request: web.Request, types: tuple[str, ...] = JSON_TYPES) -> dict[str, Any]:
    """The JSON object that is the body."""
    if request.content_type not in types:
        raise Problem(415, f"the body's Content-Type is {' or '.join(types)}", kind="content-type")
    raw = await request.read()
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"the body is not JSON: {error}", kind="json") from None
    if not isinstance(body, dict):
        raise invalid([FieldError(field="", message="the body is an object", rule="dict_type")])
    if _is_deep(body):
        words = f"it is nested deeper than {_MOST_LEVELS} levels"
        raise invalid([FieldError(field="", message=words, rule="too_deep")])
    # PostgreSQL holds any text but this. The escape is the only way for it into JSON.
    if b"\\u0000" in raw and any("\0" in text for text in _texts(body)):
        raise invalid([FieldError(field="", message="a text has a NUL character", rule="nul")])
    return body


def check_precondition(request: web.Request, version: int) -> None:
    """`If-Match`: go on only if the version is one that the client knows."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return
    known = {tag.strip() for tag in header.split(",")}
    if etag(version) not in known:
        raise Problem(412, f"it has changed: its version is {version} now", kind="changed")


def etag(version: int) -> str:
    """The version as an entity tag."""
    return f'"{version}"'


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return False
    return True


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
