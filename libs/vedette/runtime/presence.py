"""A process tells that it is there, for as long as it runs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from vedette.core.errors import Transient
from vedette.core.version import __version__
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources
from vedette.telemetry.admin import split_address

_FAREWELL_S = 2
_ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104


@asynccontextmanager
async def present(resources: Resources, service: str, address: str) -> AsyncIterator[None]:
    """Tell at once and every few seconds for as long as the block lasts; take leave at its end."""
    from vedette.store import processes
    from vedette.store.pool import connection

    process = processes.Process(resources.instance, service, __version__, reachable(address))

    async def tell() -> None:
        async with connection(resources.pool) as db:
            await processes.tell(db, process)

    async with background("presence of the process", lambda: every(processes.TELL_S, tell)):
        yield
    with suppress(Transient, TimeoutError):
        async with asyncio.timeout(_FAREWELL_S), connection(resources.pool) as db:
            await processes.leave(db, resources.instance)


def reachable(address: str) -> str:
    """An address as others call it: who listens everywhere is called by the host's name."""
    host, port = split_address(address)
    if host in _ANYWHERE:
        return f"{socket.gethostname()}:{port}"
    return address
