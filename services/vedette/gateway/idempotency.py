"""Idempotency-Key: a create that is sent again is answered again, not done again."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

import structlog
from aiohttp import web

from vedette.core.errors import Transient
from vedette.gateway.context import Call
from vedette.gateway.problems import Problem

HEADER = "Idempotency-Key"
_LONGEST = 255
_KEPT_S = 24 * 3600
# A create that takes longer than this has died.
_UNDER_WAY_S = 60
_REPLAYED = ("Content-Type", "Location", "ETag")

log = structlog.get_logger()


async def once(call: Call, create: Callable[[Call], Awaitable[web.Response]]) -> web.Response:
    """Create, or replay what the same request was answered before. Raises Problem, Transient."""
    key, fingerprint = await _identify(call)
    cache, box = call.gateway.cache, call.gateway.box
    # Sealed, because definitions carry secrets.
    if not await cache.add(key, box.seal({"of": fingerprint}), _UNDER_WAY_S):
        stored = await cache.get(key)
        return _replay(None if stored is None else box.open(stored), fingerprint)
    try:
        response = await create(call)
    except BaseException:
        await _quietly(cache.delete(key))
        raise
    answer = {"of": fingerprint, "answer": _kept(response)}
    await _quietly(cache.put(key, box.seal(answer), _KEPT_S))
    return response


async def _identify(call: Call) -> tuple[str, str]:
    """The key as the cache knows it, and what stands for the request."""
    request = call.request
    given = request.headers[HEADER]
    if not 0 < len(given) <= _LONGEST:
        raise Problem(400, f"{HEADER} has 1 to {_LONGEST} characters", kind="idempotency-key")
    hashed = sha256(given.encode(errors="surrogateescape")).hexdigest()
    body = await request.read()
    return f"idempotency:{call.workspace}:{request.path}:{hashed}", sha256(body).hexdigest()


def _replay(stored: dict[str, Any] | None, fingerprint: str) -> web.Response:
    if stored is not None and stored["of"] != fingerprint:
        raise Problem(
            422, f"this {HEADER} was used for another request", kind="idempotency-key-reused"
        )
    if stored is None or "answer" not in stored:
        raise Problem(
            409,
            f"a request with this {HEADER} is under way",
            kind="under-way",
            headers={"Retry-After": "1"},
        )
    answer = stored["answer"]
    return web.Response(
        status=answer["status"],
        text=answer["body"],
        headers={**answer["headers"], "Idempotency-Replayed": "true"},
    )


def _kept(response: web.Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "headers": {name: response.headers[name] for name in _REPLAYED if name in response.headers},
        "body": response.text,
    }


async def _quietly(work: Awaitable[None]) -> None:
    """What was created stays created, even if the cache can't be told."""
    try:
        await work
    except Transient as error:
        log.warning("an answer could not be kept for its Idempotency-Key", error=str(error))
