"""The incidents service, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.consuming import consuming
from vedette.incidents.apart import each_apart
from vedette.incidents.handlers import BATCH, Handlers, catch_up
from vedette.incidents.maintenance import follow_maintenances
from vedette.incidents.reminding import remind_all
from vedette.incidents.settings import IncidentsSettings
from vedette.incidents.store.incidents import Come, Store
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources
from vedette.store.clock import now_ms
from vedette.store.pool import Pool, connection

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
        background("rounds", lambda: every(ROUND_S, lambda: go_round(resources.pool))),
        consuming(resources.bus, handlers.table(), prefetch=PREFETCH, drain_s=resources.drain_s),
    ):
        yield


async def go_round(pool: Pool) -> None:
    """What comes with time alone: maintenance, what waited for its end, reminders."""
    now = now_ms()
    come = await _come(pool, now)
    if come.turns:
        await follow_maintenances(pool, come.turns, now)
        come = await _come(pool, now)  # what waited may wait no longer
    await each_apart(pool, come.waiting, catch_up)
    await remind_all(pool, come.to_remind, now)


async def _come(pool: Pool, now: int) -> Come:
    async with connection(pool) as db:
        return await Store(db).come(now, BATCH)
