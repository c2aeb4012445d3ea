"""From the environment to a running service, and out again on a signal."""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

import structlog
import uvloop
from pydantic import SecretStr, ValidationError

from vedette.core.errors import Transient, VedetteError
from vedette.core.faults import faults
from vedette.runtime.background import background
from vedette.runtime.memory import keep_what_is_here
from vedette.runtime.presence import present
from vedette.runtime.resources import Resources
from vedette.runtime.settings import ProcessSettings, StoreSettings
from vedette.telemetry.admin import Probe, admin_app, serving
from vedette.telemetry.logs import setup_logs
from vedette.telemetry.traces import setup_traces

log = structlog.get_logger()

S = TypeVar("S", bound=ProcessSettings)
Running = Callable[[S, Resources], AbstractAsyncContextManager[None]]
_RECONNECT_S = 1.0
_WHERE_SETTINGS_ARE = "The settings and their meaning are listed in docs/settings.md.\n"
_BUS = ("VEDETTE_AMQP_URL", "amqp://user:password@host/")
_DATABASE = ("VEDETTE_DATABASE_URL", "postgresql://user:password@host/vedette")


def launch(name: str, settings_type: type[S], running: Running[S], *, admin: bool = True) -> int:
    """Run one service apart until SIGINT or SIGTERM; returns the process's exit code."""
    try:
        settings = settings_type()
    except ValidationError as error:
        sys.stderr.write(explain(error))
        return 2
    setup_logs(level=settings.log_level, form=settings.log_format)
    provider = setup_traces(f"vedette-{name}")
    structlog.contextvars.bind_contextvars(service=name)
    try:
        uvloop.run(_serve(name, settings, running, admin=admin))
    except (VedetteError, OSError) as error:
        log.error("can't run", error=str(error))  # noqa: TRY400  (expected: no traceback)
        return 1
    finally:
        provider.shutdown()
    return 0


def explain(*errors: ValidationError) -> str:
    """Settings that are wrong, one line each, named as the environment names them."""
    return "".join([*wrong_settings(*errors), _WHERE_SETTINGS_ARE])


def wrong_settings(*errors: ValidationError) -> list[str]:
    """A line for each setting that is wrong, also if several services read it."""
    wrong = [fault for error in errors for fault in faults(error)]
    return list(dict.fromkeys(f"VEDETTE_{one.field.upper()}: {one.message}\n" for one in wrong))


def instance_name(service: str) -> str:
    """A name no other process has, that tells a person where it runs."""
    return f"{service}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def stop_event() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set, from now on, in place of their usual effect."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _serve(name: str, settings: S, running: Running[S], *, admin: bool) -> None:
    stop = stop_event()
    async with AsyncExitStack() as stack:
        opening = asyncio.ensure_future(_open(name, settings, stack))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            return
        resources = await opening
        address = getattr(settings, "http", "")
        if admin:
            app = admin_app(ready_probes(resources))
            address = await stack.enter_async_context(serving(app, settings.admin_http))
            log.info("health and metrics", address=f"http://{address}", instance=resources.instance)
        await stack.enter_async_context(running(settings, resources))
        if isinstance(settings, StoreSettings):
            await stack.enter_async_context(present(resources, name, address))
        keep_what_is_here()
        log.info("running", instance=resources.instance)
        losing = asyncio.ensure_future(resources.bus.lost())
        await asyncio.wait({stopping, losing}, return_when=asyncio.FIRST_COMPLETED)
        if losing.done():
            log.warning("stopping: the process that has the bus is gone")
        else:
            losing.cancel()
            log.info("stopping: finishing work under way")
    log.info("stopped")


async def _open(name: str, settings: ProcessSettings, stack: AsyncExitStack) -> Resources:
    """Connect, waiting for servers that are not up yet: they may start together with us."""
    bus_url, database_url = _urls(settings)
    while True:
        async with AsyncExitStack() as attempt:
            try:
                resources = await attempt.enter_async_context(
                    open_resources(name, settings, bus_url=bus_url, database_url=database_url)
                )
            except Transient as error:
                log.warning("not reachable yet; trying again", error=str(error))
            else:
                await stack.enter_async_context(attempt.pop_all())
                return resources
        await asyncio.sleep(_RECONNECT_S)


@asynccontextmanager
async def open_resources(
    name: str,
    settings: ProcessSettings,
    *,
    bus_url: str | None,
    database_url: str | None,
    instance: str | None = None,
) -> AsyncIterator[Resources]:
    """Open the bus (local without a URL), the database and the cache, as far as named.

    `instance` is the name of this process among all that use the database; made up if not given.
    With a database comes its outbox relay. Raises Transient if a server can't be reached, or its
    schema is older than this version.
    """
    from vedette.bus.connect import open_bus

    async with AsyncExitStack() as stack:
        retention = settings.retention() if isinstance(settings, StoreSettings) else None
        bus = await stack.enter_async_context(open_bus(bus_url, retention=retention))
        pool = cache = None
        if database_url is not None:
            from vedette.store.outbox import Relay
            from vedette.store.pool import open_pool
            from vedette.store.schema import check_schema

            assert isinstance(settings, StoreSettings)
            size = settings.database_pool
            pool = await stack.enter_async_context(
                open_pool(database_url, size=size, application=name)
            )
            await check_schema(pool)
            await stack.enter_async_context(background("outbox relay", Relay(pool, bus).run))
        if hasattr(settings, "redis_url"):
            from vedette.store.cache import open_cache

            cache = open_cache(_plain(settings.redis_url))
            stack.push_async_callback(cache.close)
        yield Resources(
            instance=instance or instance_name(name),
            bus=bus,
            drain_s=settings.drain_s,
            _pool=pool,
            _cache=cache,
        )


def ready_probes(resources: Resources) -> dict[str, Probe]:
    """What `/health/ready` looks at."""

    async def bus() -> None:
        if not resources.bus.healthy():
            raise Transient("not connected")

    async def database() -> None:
        from vedette.store.pool import connection

        async with asyncio.timeout(2), connection(resources.pool) as db:
            await db.execute("select 1")

    return {"bus": bus} if resources._pool is None else {"bus": bus, "database": database}


def _urls(settings: ProcessSettings) -> tuple[str | None, str | None]:
    """Of the bus and, for who keeps state, of the database. Raises VedetteError without them."""
    needed = {_BUS: settings.amqp_url}
    if isinstance(settings, StoreSettings):
        needed[_DATABASE] = settings.database_url
    missing = [
        f"{variable} is not set; a service apart needs it, like {example}"
        for (variable, example), url in needed.items()
        if url is None
    ]
    if missing:
        raise VedetteError("; ".join(missing))
    return _plain(settings.amqp_url), _plain(needed.get(_DATABASE))


def _plain(url: SecretStr | None) -> str | None:
    return None if url is None else url.get_secret_value()
