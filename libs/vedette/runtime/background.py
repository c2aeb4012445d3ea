"""Background work that must not stop: a loop that fails is logged and started again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from vedette.core.errors import Transient

log = structlog.get_logger()
_PAUSE_S = 1.0


@asynccontextmanager
async def background(name: str, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run `work` beside the block; when it fails, log why and run it again after a second."""
    task = asyncio.create_task(_keep(name, work), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def every(period_s: float, work: Callable[[], Awaitable[None]]) -> None:
    """Call `work` each `period_s` seconds, from the start of one call to that of the next."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await work()
        due = max(due + period_s, loop.time())
        await asyncio.sleep(due - loop.time())


async def _keep(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Transient as error:
            log.warning("waits for an outage to end", task=name, error=str(error))
        except Exception:
            log.exception("background task failed; starting it again", task=name)
        await asyncio.sleep(_PAUSE_S)
