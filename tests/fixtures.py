"""Servers that tests share: each is started once, privately, on free ports."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from vedette.store.migrate import migrate
from vedette.testing.postgres import fresh_database, running_postgres
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.redis import running_redis
from vedette.testing.server import Server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[str]:
    """A server with a database that is migrated, to be copied."""
    async with running_postgres() as dsn:
        await migrate(dsn)
        yield dsn


@pytest.fixture
async def database(postgres: str) -> str:
    """A database of this test's own, with the schema and nothing in it."""
    return await fresh_database(postgres, template="vedette")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """RabbitMQ. Tests that stop it must start it again."""
    async with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Redis."""
    async with running_redis(tmp_path_factory.mktemp("redis")) as running:
        yield running
