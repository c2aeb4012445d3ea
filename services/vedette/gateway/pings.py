"""The addresses by which jobs and other programs report, by a token that is all they need."""

import asyncio
from contextlib import suppress

from aiohttp import web

from vedette.core.reporting import Report
from vedette.gateway.context import GATEWAY
from vedette.gateway.domain import pings
from vedette.gateway.store import reports
from vedette.store.clock import now_ms
from vedette.store.pool import transaction

_BODY_PATIENCE_S = 20.0
_LONGEST_AGENT = 200
_OPEN = {"Access-Control-Allow-Origin": "*"}
_HEADERS = {**_OPEN, "Ping-Body-Limit": str(pings.BODY_LIMIT_BYTES)}
METHODS = ("GET", "HEAD", "POST")


def add_routes(app: web.Application) -> None:
    """Serve the addresses."""
    for method in METHODS:
        for path in ("/ping/{token}", "/ping/{token}/{action}"):
            app.router.add_route(method, path, take_ping)
        app.router.add_route(method, "/api/push/{token}", take_push)


async def take_ping(request: web.Request) -> web.Response:
    """A heartbeat. It counts as of when it came in, whatever its body still takes."""
    at = now_ms()
    try:
        report = pings.ping(request.match_info.get("action", ""), request.query, at=at)
    except ValueError as error:
        return web.Response(status=400, text=str(error), headers=_HEADERS)
    body = await _body(request)
    if not await _keep(request, "heartbeat", report, body, also_paused=True):
        return web.Response(status=404, text="not found", headers=_HEADERS)
    return web.Response(text="OK", headers=_HEADERS)


async def take_push(request: web.Request) -> web.Response:
    """A pushed result."""
    try:
        report = pings.push(request.query, at=now_ms())
    except ValueError as error:
        return _refused(str(error))
    if not await _keep(request, "push", report, None, also_paused=False):
        return _refused("there is no such monitor, or it is paused")
    return web.json_response({"ok": True}, headers=_OPEN)


def _refused(why: str) -> web.Response:
    return web.json_response({"ok": False, "msg": why}, status=404, headers=_OPEN)


async def _keep(
    request: web.Request, kind: str, report: Report, body: bytes | None, *, also_paused: bool
) -> bool:
    async with transaction(request.app[GATEWAY].pool) as db:
        monitor = await reports.by_token(db, kind, request.match_info["token"].replace("\0", ""))
        if monitor is None or (monitor["paused"] and not also_paused):
            return False
        await reports.put(db, monitor["id"], report, whence(request), body)
    return True


def whence(request: web.Request) -> reports.Whence:
    """How a report came, for people to see."""
    agent = request.headers.get("User-Agent")
    if agent is not None:
        agent = pings.clean(agent.encode(errors="replace").decode())[:_LONGEST_AGENT]
    return reports.Whence(request.method, request.remote, agent)


async def _body(request: web.Request) -> bytes | None:
    """What is posted, as far as it is kept, or as far as it comes in time."""
    taken = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(_BODY_PATIENCE_S):
            while len(taken) < pings.BODY_LIMIT_BYTES:
                chunk = await request.content.read(pings.BODY_LIMIT_BYTES - len(taken))
                if not chunk:
                    break
                taken += chunk
    return bytes(taken) or None
