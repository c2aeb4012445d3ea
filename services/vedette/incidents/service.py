"""The incidents service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.consuming import consuming
from vedette.incidents.handlers import Handlers
from vedette.incidents.settings import IncidentsSettings
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources

PREFETCH = 8
RECONCILE_S = 15


@asynccontextmanager
async def running(_settings: IncidentsSettings, resources: Resources) -> AsyncIterator[None]:
    """Consume until the block ends, then finish what is under way."""
    handlers = Handlers(resources.pool)
    async with (
        background("reconcile", lambda: every(RECONCILE_S, handlers.reconcile)),
        consuming(resources.bus, handlers.table(), prefetch=PREFETCH, drain_s=resources.drain_s),
    ):
        yield
