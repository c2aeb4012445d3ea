"""Since when reports can come in: each gateway says that it listens, every two seconds.

A report that was due while no gateway listened, or none could store it, may have been made: it is
not called missing. An absence of a few seconds doesn't count, lest each restart of ours keep jobs
that really fail from being told of.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.gateway.store import reports
from vedette.runtime.background import background, every
from vedette.store.pool import Pool, connection

_EVERY_S = 2.0


@asynccontextmanager
async def listening(pool: Pool, instance: str) -> AsyncIterator[None]:
    """Say so for as long as the block lasts."""

    async def say() -> None:
        async with connection(pool) as db:
            await reports.listen(db, instance)

    await say()
    async with connection(pool) as db:
        await reports.forget_gateways(db)
    async with background("listening", lambda: every(_EVERY_S, say)):
        yield
