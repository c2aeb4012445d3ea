"""Waiting for a NOTIFY, or for a while: whichever comes first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from vedette.store.pool import Connection, Pool, connection

REPORTS = "vedette_reports"
"""There is something to see of monitors that are told how their target is."""


class Waker:
    """What a channel was notified of since it was last waited for."""

    def __init__(self, listening: Connection) -> None:
        self.db = listening
        self._called = asyncio.Event()

    def wake(self, *_: object) -> None:
        """Have whoever waits go on."""
        self._called.set()

    async def wait(self, at_most_s: float) -> None:
        """Wait for a call since the last one that was waited for."""
        # Not wait_for: in Python 3.11 it can swallow a cancellation.
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._called.wait()
        self._called.clear()

    @property
    def closed(self) -> bool:
        """Whether the connection that listens is gone."""
        try:
            return self.db.is_closed()
        except asyncpg.InterfaceError:  # the pool has let it go
            return True


@asynccontextmanager
async def listening(pool: Pool, channel: str) -> AsyncIterator[Waker]:
    """Listen on a channel for as long as the block lasts. Raises Transient."""
    async with connection(pool) as db:
        waker = Waker(db)
        await db.add_listener(channel, waker.wake)
        try:
            yield waker
        finally:
            with suppress(Exception):
                await db.remove_listener(channel, waker.wake)
