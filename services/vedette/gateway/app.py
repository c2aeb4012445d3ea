"""The gateway as an aiohttp application."""

from aiohttp import web
from aiohttp.typedefs import Handler

from vedette.gateway import pings, telemetry
from vedette.gateway.api.table import ENDPOINTS
from vedette.gateway.context import GATEWAY, Gateway
from vedette.gateway.openapi import document
from vedette.gateway.page import show_page
from vedette.gateway.problems import answer_problems
from vedette.telemetry import admin
from vedette.telemetry.admin import Probe

_LARGEST_BODY = 1024 * 1024


def build_app(gateway: Gateway, probes: dict[str, Probe]) -> web.Application:
    """The application; `probes` are what `/health/ready` looks at."""
    app = web.Application(
        middlewares=[telemetry.observe, _protect, answer_problems], client_max_size=_LARGEST_BODY
    )
    app[GATEWAY] = gateway
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, endpoint.serve)
    pings.add_routes(app)
    app.router.add_get("/", show_page)
    app.router.add_get("/openapi.json", show_document)
    app.router.add_get("/health", admin.health)
    app.router.add_get("/health/ready", admin.readiness(probes))
    app.router.add_get("/metrics", telemetry.metrics)
    return app


async def show_document(_request: web.Request) -> web.Response:
    """The API's description."""
    return web.json_response(document())


@web.middleware
async def _protect(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No answer is for a cache or for a guess at its type, nor tells what runs here."""
    response = await handler(request)
    response.headers["Server"] = "Vedette"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
