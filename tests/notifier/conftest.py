"""A database of its own for each test, and what stands in for the providers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.notifier.world import World

from vedette.store.pool import open_pool
from vedette.testing.sink import Sink, running_sink
from vedette.testing.smtp import Mailbox, running_mailbox
from vedette.testing.twilio import Twilio, running_twilio


@pytest_asyncio.fixture
async def world(database: str) -> AsyncIterator[World]:
    """A workspace and a notifier's parts."""
    async with open_pool(database, size=10, application="test") as pool:
        world = World(pool=pool, dsn=database)
        await world.prepare()
        yield world


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server."""
    async with running_mailbox() as mailbox:
        yield mailbox


@pytest_asyncio.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """A Twilio."""
    async with running_twilio() as twilio:
        yield twilio


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[Sink]:
    """A receiver of webhooks."""
    async with running_sink() as sink:
        yield sink
