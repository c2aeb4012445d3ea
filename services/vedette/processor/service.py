"""The processor, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.consuming import consuming
from vedette.bus.topology import DEAD
from vedette.core.instants import to_datetime
from vedette.processor.closing import Closing
from vedette.processor.dead.care import DeadCare
from vedette.processor.handlers import Handlers
from vedette.processor.passive.care import Care
from vedette.processor.putback import PutBack
from vedette.processor.regions.breaker import Breaker
from vedette.processor.regions.watch import LOOK_S, Watch
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up, let_go, sum_up
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources
from vedette.store.clock import now_ms
from vedette.store.pool import connection
from vedette.store.processes import clock_against

# Each message is a transaction on a connection of its own; more at once only wait for each other.
PREFETCH = 4
# But those with checks share transactions, the more of them the busier we are,
CHECKS_PREFETCH = 20
# and so do those with changes of monitors, of which each is small.
CHANGES_PREFETCH = 200
SWEEP_S = 5
CLOSE_S = 1
UPKEEP_S = 3600
SUM_UP_S = 60
LET_GO_S = 300


@asynccontextmanager
async def running(settings: ProcessorSettings, resources: Resources) -> AsyncIterator[None]:
    """Consume until the block ends, then finish what is under way."""
    bus, breaker = resources.bus, Breaker()
    regions = Watch(
        resources.pool,
        breaker,
        patience_s=settings.region_unhealthy_after_s,
        hears=bus.healthy,
    )
    handlers = Handlers(resources.pool, heard=regions.heard, breaker=breaker)
    care = Care(resources.pool)
    dead = DeadCare(resources.pool, bus)
    closing = Closing(resources.pool, bus, breaker)
    put_back = PutBack(resources.pool)

    async def sweep() -> None:
        if closing.hears:  # else votes may wait unread, and nothing is unknown but to us
            await handlers.sweep()

    async def upkeep() -> None:
        await keep_up(resources.pool, settings, now=to_datetime(now_ms()))

    async def rollups() -> None:
        await sum_up(resources.pool, settings, now=to_datetime(now_ms()))

    async def retention() -> None:
        await let_go(resources.pool, settings, now=to_datetime(now_ms()))

    async with connection(resources.pool) as db:
        await clock_against(db)  # by ours, which may be wrong, days would be dropped too early
    await upkeep()
    await put_back.look()
    async with (
        background("clock", lambda: every(CLOSE_S, put_back.look)),
        background("sweep", lambda: every(SWEEP_S, sweep)),
        background("closing", lambda: every(CLOSE_S, closing.sweep)),
        background("regions", lambda: every(LOOK_S, regions.look)),
        background("care", care.run),
        background("parked messages", dead.run),
        background("upkeep", lambda: every(UPKEEP_S, upkeep)),
        background("retention", lambda: every(LET_GO_S, retention)),
        background("rollups", lambda: every(SUM_UP_S, rollups)),
        consuming(
            bus,
            handlers.others() | {DEAD: dead.keep},
            prefetch=PREFETCH,
            drain_s=resources.drain_s,
        ),
        consuming(bus, handlers.changes(), prefetch=CHANGES_PREFETCH, drain_s=resources.drain_s),
        consuming(bus, handlers.checks(), prefetch=CHECKS_PREFETCH, drain_s=resources.drain_s),
    ):
        yield
