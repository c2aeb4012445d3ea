"""The incidents service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.consuming import consuming
from vedette.incidents.handlers import Handlers
from vedette.incidents.maintenance import follow_maintenances
from vedette.incidents.reminding import remind_all
from vedette.incidents.settings import IncidentsSettings
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources
from vedette.store.pool import Pool

# What means nothing is followed together.
PREFETCH = 200
RECONCILE_S = 15
RECONCILE_ALL_S = 3600
ROUND_S = 1


@asynccontextmanager
async def running(_settings: IncidentsSettings, resources: Resources) -> AsyncIterator[None]:
    """Consume until the block ends, then finish what is under way."""
    handlers = Handlers(resources.pool)
    async with (
        background("reconcile", lambda: every(RECONCILE_S, handlers.reconcile)),
        background("reconcile all", lambda: every(RECONCILE_ALL_S, handlers.reconcile_all)),
        background("rounds", lambda: every(ROUND_S, lambda: go_round(resources.pool, handlers))),
        consuming(resources.bus, handlers.table(), prefetch=PREFETCH, drain_s=resources.drain_s),
    ):
        yield


async def go_round(pool: Pool, handlers: Handlers) -> None:
    """What comes with time alone: maintenance, what waited for its end, reminders."""
    await follow_maintenances(pool)
    await handlers.release()
    await remind_all(pool)
