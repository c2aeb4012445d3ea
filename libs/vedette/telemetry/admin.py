"""The two pages every process has for its operators: `/health` and `/metrics`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import REGISTRY, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from vedette.core.errors import VedetteError
from vedette.core.version import __version__

log = structlog.get_logger()
# A series more for each counter, that says when it was made: nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]

Probe = Callable[[], Awaitable[None]]
"""Raises if what it looks at is not well."""


async def health(_request: web.Request) -> web.Response:
    """The process runs and its event loop turns."""
    return web.json_response({"status": "ok", "version": __version__})


async def metrics(_request: web.Request) -> web.Response:
    """This process's metrics in Prometheus' text format."""
    return web.Response(
        body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
    )


def readiness(probes: dict[str, Probe]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that says 200 when every probe passes, else 503; either way, how each stands."""

    async def ready(_request: web.Request) -> web.Response:
        found = {name: await _look(probe) for name, probe in probes.items()}
        well = all(state == "ok" for state in found.values())
        body = {"status": "ok" if well else "unavailable", **found}
        return web.json_response(body, status=200 if well else 503)

    return ready


async def _look(probe: Probe) -> str:
    try:
        await probe()
    except (VedetteError, OSError, TimeoutError) as error:
        return str(error) or type(error).__name__
    return "ok"


@asynccontextmanager
async def serving(app: web.Application, address: str) -> AsyncIterator[str]:
    """Serve `app` at `host:port` (port 0: any free one); yields the address really used.

    Raises OSError if the address can't be had.
    """
    host, port = split_address(address)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        actual = runner.addresses[0]
        shown = f"[{actual[0]}]" if ":" in actual[0] else actual[0]
        yield f"{shown}:{actual[1]}"
    finally:
        await runner.cleanup()


def admin_app(probes: dict[str, Probe]) -> web.Application:
    """The application that a process without pages of its own serves."""
    app = web.Application()
    app.router.add_get("/health", health)
    app.router.add_get("/health/ready", readiness(probes))
    app.router.add_get("/metrics", metrics)
    return app


def split_address(address: str) -> tuple[str, int]:
    """`host:port` apart, an IPv6 host in brackets. Raises ValueError."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{address!r} is not host:port, like 127.0.0.1:8080 or [::1]:8080")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port)  # noqa: S104
