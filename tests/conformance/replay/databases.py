"""Databases of a run's own, with the schema."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.store.migrate import migrate
from vedette.store.pool import Pool, open_pool
from vedette.testing.postgres import running_postgres

# Alembic migrates one database at a time in a process.
_one_at_a_time = asyncio.Lock()


@asynccontextmanager
async def database() -> AsyncIterator[Pool]:
    """A server of PostgreSQL, migrated, as long as the block lasts."""
    async with running_postgres() as dsn:
        async with _one_at_a_time:
            await migrate(dsn)
        async with open_pool(dsn, size=6, application="conformance") as pool:
            yield pool
