"""Since when reports can come in: each gateway says that it listens, every other second.

A report that was due while no gateway listened, or none could store it, may have been made: it is
not called missing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from vedette.core.errors import Transient
from vedette.gateway.store import reports
from vedette.runtime.background import background, every
from vedette.store.pool import Pool, transaction

_EVERY_S = 2.0


@asynccontextmanager
async def listening(pool: Pool, instance: str) -> AsyncIterator[None]:
    """Say so for as long as the block lasts."""

    async def say() -> None:
        async with transaction(pool) as db:
            await reports.listen(db, instance)

    await say()
    async with background("listening", lambda: every(_EVERY_S, say)):
        yield
    with suppress(Transient):
        async with transaction(pool) as db:
            await reports.stop_listening(db, instance)
