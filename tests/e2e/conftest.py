"""One installation of each mode, and the providers it talks to, for all scenarios."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.actor import Actor, Api
from tests.e2e.installation import Installation, running_installation
from tests.e2e.sharing import ByInstallation
from xdist.remote import Producer

from vedette.store.migrate import migrate
from vedette.testing.names import NameServer, running_nameserver
from vedette.testing.postgres import fresh_database, running_postgres
from vedette.testing.rabbitmq import running_rabbitmq
from vedette.testing.redis import running_redis
from vedette.testing.sink import Sink, running_sink
from vedette.testing.smtp import Mailbox, running_mailbox
from vedette.testing.target import Target, running_target
from vedette.testing.twilio import Twilio, running_twilio

MODES = ["embedded", "apart"]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByInstallation:
    """With `-n`."""
    return ByInstallation(config, log)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mailbox() -> AsyncIterator[Mailbox]:
    """Everybody's mail server."""
    async with running_mailbox() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def twilio() -> AsyncIterator[Twilio]:
    """Everybody's Twilio."""
    async with running_twilio() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nameserver() -> AsyncIterator[NameServer]:
    """What the probers ask."""
    records = {"slow.test": "SILENT", "broken.test": "SERVFAIL", "known.test": "127.0.0.1"}
    async with running_nameserver(records) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def switch() -> AsyncIterator[Sink]:
    """A dead man's switch: it gets the heartbeat of every installation."""
    async with running_sink() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=MODES)
async def installation(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    mailbox: Mailbox,
    twilio: Twilio,
    nameserver: NameServer,
    switch: Sink,
) -> AsyncIterator[Installation]:
    """Embedded first, then apart."""
    settings = {
        "VEDETTE_SMTP_HOST": mailbox.host,
        "VEDETTE_SMTP_PORT": str(mailbox.port),
        "VEDETTE_SMTP_TLS": "none",
        "VEDETTE_TWILIO_URL": twilio.base_url,
        "VEDETTE_TWILIO_ACCOUNT_SID": twilio.account_sid,
        "VEDETTE_TWILIO_AUTH_TOKEN": twilio.auth_token,
        "VEDETTE_TWILIO_FROM": "+15005550006",
        "VEDETTE_PROBER_NAMESERVERS": nameserver.address,
        "VEDETTE_HEARTBEAT_URL": switch.url,
        "VEDETTE_HEARTBEAT_INTERVAL_S": "1",
        "VEDETTE_PROBER_FORBIDDEN": "none",  # the targets of the tests are on the loopback
    }
    async with AsyncExitStack() as stack:
        if request.param == "apart":
            settings |= await _servers(stack, tmp_path_factory.mktemp("servers"))
        yield await stack.enter_async_context(running_installation(request.param, settings))


@pytest_asyncio.fixture(loop_scope="session")
async def actor(
    installation: Installation, mailbox: Mailbox, twilio: Twilio
) -> AsyncIterator[Actor]:
    """A user; their monitors are deleted afterwards, so that scenarios don't slow each other."""
    async with aiohttp.ClientSession() as http:
        actor = Actor(installation, Api(http, installation.url), mailbox, twilio)
        try:
            yield actor
        except BaseException:
            print(installation.logs())
            raise
        await installation.ready()
        for monitor in await actor.api.items("/monitors?limit=500"):
            await actor.api("DELETE", f"/monitors/{monitor['id']}")


@pytest_asyncio.fixture(loop_scope="session")
async def target() -> AsyncIterator[Target]:
    """Something to watch."""
    async with running_target() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def sink() -> AsyncIterator[Sink]:
    """Somewhere to send webhooks."""
    async with running_sink() as running:
        yield running


async def _servers(stack: AsyncExitStack, directory: Path) -> dict[str, str]:
    dsn = await fresh_database(await stack.enter_async_context(running_postgres()))
    await migrate(dsn)
    broker = await stack.enter_async_context(running_rabbitmq(directory / "rabbitmq"))
    redis = await stack.enter_async_context(running_redis(directory / "redis"))
    return {
        "VEDETTE_DATABASE_URL": dsn,
        "VEDETTE_AMQP_URL": broker.url,
        "VEDETTE_REDIS_URL": redis.url,
    }
