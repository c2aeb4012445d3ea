"""A database of a test's own for schedulers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.scheduler.world import World
from tests.world import add_workspace

from vedette.store.pool import open_pool


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    """A workspace, and who works on it."""
    async with open_pool(database, size=8, application="test") as pool:
        yield World(pool, await add_workspace(pool))
