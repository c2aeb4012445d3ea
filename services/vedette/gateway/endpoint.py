"""What the API's table is made of; routes and openapi.json both come from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel

from vedette.gateway.auth import Caller
from vedette.gateway.context import GATEWAY, Call
from vedette.gateway.idempotency import HEADER, once
from vedette.gateway.problems import Problem
from vedette.gateway.reading import JSON_TYPES, Query

PREFIX = "/api/v1"

Handle = Callable[[Call], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body. A list of models is a choice by their field `kind`."""

    models: tuple[type[BaseModel], ...] = ()
    types: tuple[str, ...] = JSON_TYPES
    optional: tuple[str, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no problem. Several models are a choice by their field `kind`."""

    description: str
    models: tuple[type[BaseModel], ...] = ()
    listed: bool = False
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address."""

    method: str
    path: str
    handle: Handle
    summary: str
    answers: Mapping[int, Answer]
    query: type[Query] | None = None
    body: Body | None = None
    conditional: bool = False
    """Takes If-Match."""
    creates: bool = False
    """Takes Idempotency-Key."""
    problems: tuple[int, ...] = ()
    """Problems of its own, besides those that follow from the rest."""

    @property
    def tag(self) -> str:
        """The resource: the name of the handler's module."""
        return self.handle.__module__.rpartition(".")[2]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request, once it is known who asks."""
        caller = await authenticate(request)
        await request.app[GATEWAY].limiter.admit(caller.key)
        call = Call(request, caller.workspace)
        if self.creates and HEADER in request.headers:
            return await once(call, self.handle)
        return await self.handle(call)


async def authenticate(request: web.Request) -> Caller:
    """Who asks, by the bearer token. Raises Problem."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    caller, wanted = None, "send an API key: Authorization: Bearer <key>"
    if scheme.lower() == "bearer" and key.strip():
        wanted = "this API key is not known here"
        caller = await request.app[GATEWAY].keys.caller(key.strip())
    if caller is None:
        raise Problem(
            401,
            wanted,
            kind="key",
            headers={"WWW-Authenticate": 'Bearer realm="vedette"'},
        )
    return caller


def reply(
    body: BaseModel | dict[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    shown = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
    return web.Response(
        status=status,
        body=orjson.dumps(shown),
        headers={**(headers or {}), "Content-Type": "application/json"},
    )
