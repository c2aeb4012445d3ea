"""The probers of `vedette up`: one inside, or as many as it is told in processes of their own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

from vedette.bus.local import LocalBus
from vedette.bus.served import served
from vedette.cli.children import Program, kept_running
from vedette.cli.proto.settings import variable
from vedette.cli.settings import UpSettings
from vedette.core.errors import Permanent, Transient
from vedette.prober.service import running as prober
from vedette.prober.settings import ProberSettings
from vedette.processor.probers import lost
from vedette.runtime.resources import Resources
from vedette.store.pool import connection
from vedette.telemetry.admin import split_address

_PREFIX = variable("")
_FORGET_S = 2


def probers(settings: UpSettings, resources: Resources) -> AbstractAsyncContextManager[None]:
    """All of them, running. Raises Permanent, saying what to do, if they can't."""
    own = ProberSettings.at_home()
    if settings.up_probers == 0:
        return prober(own, resources)
    return _apart(settings, own, resources)


def names(settings: UpSettings, instance: str) -> list[str]:
    """What they are called, in a process of this name."""
    name = ProberSettings().prober_name or instance
    return [f"{name}-{number}" for number in range(1, settings.up_probers + 1)] or [name]


@asynccontextmanager
async def _apart(
    settings: UpSettings, own: ProberSettings, resources: Resources
) -> AsyncIterator[None]:
    assert isinstance(resources.bus, LocalBus), "settings refuse RabbitMQ here"
    socket = settings.data_dir / "bus.sock"
    try:
        serving = served(resources.bus, socket, _kill)
        url = await serving.__aenter__()
    except OSError as error:
        raise Permanent(f"{socket} can't be a socket: {error}; set VEDETTE_DATA_DIR") from error
    try:
        programs = _programs(settings, own, names(settings, resources.instance), url)
        async with kept_running(programs, partial(_forget, resources)):
            yield
    finally:
        await serving.__aexit__(None, None, None)


async def _forget(resources: Resources, name: str) -> None:
    """Have a prober that is gone listed no more; if that can't be done soon, silence tells it."""
    with suppress(Transient, TimeoutError):
        async with asyncio.timeout(_FORGET_S), connection(resources.pool) as db:
            await lost(db, name)


def _kill(pid: int) -> None:
    """End a prober that is stuck; another is started in its place."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _programs(
    settings: UpSettings, own: ProberSettings, called: list[str], url: str
) -> list[Program]:
    return [
        Program(
            name=name,
            argv=(sys.executable, "-P", "-m", "vedette.prober"),
            environment=_inherited(os.environ)
            | {
                variable("amqp_url"): url,
                variable("prober_name"): name,
                variable("prober_forbidden"): own.prober_forbidden,
                variable("log_format"): settings.log_format,
                variable("admin_http"): _next(settings.admin_http, number),
            },
            drain_s=settings.drain_s,
        )
        for number, name in enumerate(called)
    ]


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Of our variables only those that a prober reads: no key, no address of a database."""
    theirs = {variable(name) for name in ProberSettings.model_fields}
    upper = {name: name.upper() for name in environment}
    return {
        upper[name] if upper[name] in theirs else name: value
        for name, value in environment.items()
        if upper[name] in theirs or not upper[name].startswith(_PREFIX)
    }


def _next(address: str, number: int) -> str:
    """The port that comes so many after an address's; any free one stays any."""
    host, port = split_address(address)
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port and port + number}"
