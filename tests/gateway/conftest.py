"""A gateway on a database of its own, and a client that knows its key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from tests.gateway.acting import KEY, Api, World
from vedette.bus.local import LocalBus
from vedette.gateway.app import build_app
from vedette.gateway.service import opened
from vedette.gateway.settings import GatewaySettings
from vedette.runtime.resources import Resources
from vedette.store.cache import MemoryCache
from vedette.store.migrate import migrate
from vedette.store.pool import Pool, open_pool
from vedette.testing.postgres import fresh_database, running_postgres


@pytest.fixture(scope="session")
def migrated() -> Iterator[str]:
    """A database with the schema, to be copied; the server lives as long as the tests."""
    with asyncio.Runner() as runner:
        server = running_postgres()
        dsn = runner.run(server.__aenter__())
        try:
            template = runner.run(fresh_database(dsn))
            runner.run(migrate(template))
            yield template
        finally:
            runner.run(server.__aexit__(None, None, None))


@pytest.fixture
async def dsn(migrated: str) -> str:
    """A database of the test's own."""
    server = urlsplit(migrated)._replace(path="/postgres").geturl()
    return await fresh_database(server, template=urlsplit(migrated).path[1:])


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """Connections to it."""
    async with open_pool(dsn, size=4, application="test") as pool:
        yield pool


@pytest.fixture
async def bus() -> AsyncIterator[LocalBus]:
    """A bus in the process."""
    bus = LocalBus()
    yield bus
    await bus.close()


@pytest.fixture
def resources(pool: Pool, bus: LocalBus) -> Resources:
    """What the gateway is handed."""
    return Resources(instance="test", bus=bus, drain_s=1, _pool=pool, _cache=MemoryCache())


@pytest.fixture
def settings() -> GatewaySettings:
    """The settings; a test may override this fixture."""
    return GatewaySettings(
        api_key=SecretStr(KEY), secret_key=SecretStr("a secret of the tests"), check_margin_s=0.5
    )


@pytest.fixture
async def client(
    settings: GatewaySettings, resources: Resources
) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    """A client without a key."""
    async with opened(settings, resources) as gateway:
        async with TestClient(TestServer(build_app(gateway, {}))) as client:
            yield client


@pytest.fixture
def api(client: TestClient) -> Api:  # type: ignore[type-arg]
    """The API as the first workspace's owner meets it."""
    return Api(client, KEY)


@pytest.fixture
async def world(pool: Pool, client: object) -> World:
    """The rows that other services write."""
    return await World.of(pool)
