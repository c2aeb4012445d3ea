"""`vedette up`: every service, with a database and a bus of its own if need be."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import structlog
from pydantic import SecretStr

from vedette.cli.datadir import Key, held, key
from vedette.cli.probers import names, probers
from vedette.cli.settings import UpSettings
from vedette.cli.welcome import Welcome
from vedette.core.errors import Permanent
from vedette.gateway.service import running as gateway
from vedette.gateway.settings import GatewaySettings
from vedette.gateway.store.probers import introduced
from vedette.incidents.service import running as incidents
from vedette.incidents.settings import IncidentsSettings
from vedette.notifier.service import running as notifier
from vedette.notifier.settings import NotifierSettings
from vedette.processor.service import running as processor
from vedette.processor.settings import ProcessorSettings
from vedette.runtime.launch import open_resources, stop_event
from vedette.runtime.memory import keep_what_is_here
from vedette.runtime.presence import present
from vedette.runtime.resources import Resources
from vedette.scheduler.service import running as scheduler
from vedette.scheduler.settings import SchedulerSettings
from vedette.store.embedded import EmbeddedPostgresError, running_postgres
from vedette.store.migrate import migrate
from vedette.store.pool import connection
from vedette.store.resealing import seal_definitions
from vedette.store.secretbox import secret_box

log = structlog.get_logger()
_STARTING_S = 20


async def up(settings: UpSettings, welcome: Welcome) -> None:
    """Run until SIGINT or SIGTERM. Raises Permanent with what to do if it can't."""
    stop = stop_event()
    with held(settings.data_dir):
        async with _everything(settings, welcome):
            await stop.wait()
            welcome.stopping()
    welcome.stopped()


@asynccontextmanager
async def _everything(settings: UpSettings, welcome: Welcome) -> AsyncIterator[None]:
    environment = GatewaySettings()
    api_key = key(settings.data_dir, "api_key", environment.api_key)
    secret_key = key(settings.data_dir, "secret_key", environment.secret_key)
    async with AsyncExitStack() as stack:
        with welcome.step("database"):
            dsn = await stack.enter_async_context(_database(settings))
            await migrate(dsn)
        with welcome.step("services"):
            gateway_settings = GatewaySettings(api_key=api_key.value, secret_key=secret_key.value)
            resources = await stack.enter_async_context(
                open_resources(
                    "up",
                    settings.model_copy(update={"redis_url": environment.redis_url}),
                    bus_url=_plain(settings.amqp_url),
                    database_url=dsn,
                    # Alone with its database, it takes up at once what it held when it was killed.
                    instance="up" if settings.database_url is None else None,
                )
            )
            await seal_definitions(resources.pool, secret_box(secret_key.value))
            for service in _services(settings, gateway_settings, resources, secret_key):
                await stack.enter_async_context(service)
            await stack.enter_async_context(present(resources, "up", gateway_settings.http))
        keep_what_is_here()
        welcome.ready(
            gateway_settings.http, settings.data_dir, api_key, probers=settings.up_probers
        )
        yield


def _services(
    settings: UpSettings, gateway_settings: GatewaySettings, resources: Resources, secret_key: Key
) -> Sequence[AbstractAsyncContextManager[None]]:
    """In this order, so that each finds its consumers there; they stop in reverse."""
    return [
        notifier(NotifierSettings(secret_key=secret_key.value), resources),
        incidents(IncidentsSettings(), resources),
        processor(ProcessorSettings(), resources),
        probers(settings, resources),
        _introduced(resources, names(settings, resources.instance)),
        scheduler(SchedulerSettings(secret_key=secret_key.value), resources),
        _bound(gateway(gateway_settings, resources), gateway_settings.http),
    ]


@asynccontextmanager
async def _introduced(resources: Resources, names: Sequence[str]) -> AsyncIterator[None]:
    """Let the probers be known before the API answers, which refuses what is not offered."""
    began = time.monotonic() - _STARTING_S

    async def known() -> bool:
        async with connection(resources.pool) as db:
            return await introduced(db, names, time.monotonic() - began)

    try:
        async with asyncio.timeout(_STARTING_S):
            while not await known():  # noqa: ASYNC110  (what it waits for is in the database)
                await asyncio.sleep(0.01)
    except TimeoutError:
        log.warning("not every prober has told of itself yet")
    yield


@asynccontextmanager
async def _database(settings: UpSettings) -> AsyncIterator[str]:
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    try:
        async with running_postgres(settings.data_dir / "postgresql") as dsn:
            yield dsn
    except EmbeddedPostgresError as error:
        raise Permanent(str(error)) from error


@asynccontextmanager
async def _bound(service: AbstractAsyncContextManager[None], address: str) -> AsyncIterator[None]:
    try:
        await service.__aenter__()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Permanent(
                f"{address} is taken by another program; set VEDETTE_HTTP to a free address,"
                " like 127.0.0.1:8081"
            ) from error
        raise Permanent(f"can't listen at {address}: {error}; set VEDETTE_HTTP") from error
    try:
        yield
    finally:
        await service.__aexit__(None, None, None)


def _plain(url: SecretStr | None) -> str | None:
    return None if url is None else url.get_secret_value()
