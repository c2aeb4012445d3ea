"""An aiohttp application on a local port, for the length of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from vedette.testing.ports import free_port

# Hanging handlers are part of the show: nobody waits for them at the end.
SHUTDOWN_TIMEOUT_S = 0.05


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve `app`; yields its base URL, without a slash at the end."""
    port = free_port()
    runner = web.AppRunner(
        app, handler_cancellation=True, shutdown_timeout=SHUTDOWN_TIMEOUT_S, access_log=None
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
