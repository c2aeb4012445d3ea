"""A gateway on a database of its own, and a client that knows its key."""

from __future__ import annotations

from collections.abc import AsyncIterator

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
from vedette.store.pool import Pool, open_pool


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to the test's database."""
    async with open_pool(database, size=4, application="test") as pool:
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
async def client(settings: GatewaySettings, resources: Resources) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    """A client without a key."""
    async with (
        opened(settings, resources) as gateway,
        TestClient(TestServer(build_app(gateway, {}))) as client,
    ):
        yield client


@pytest.fixture
def api(client: TestClient) -> Api:  # type: ignore[type-arg]
    """The API as the first workspace's owner meets it."""
    return Api(client, KEY)


@pytest.fixture
async def world(pool: Pool, client: object) -> World:
    """The rows that other services write."""
    return await World.of(pool)
