"""The scheduler, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.consuming import consuming
from vedette.runtime.background import background, every
from vedette.runtime.resources import Resources
from vedette.scheduler.dispatch import TICK_S, Dispatcher
from vedette.scheduler.handlers import table
from vedette.scheduler.leases import Leases
from vedette.scheduler.settings import SchedulerSettings
from vedette.scheduler.store import Store
from vedette.store.clock import now_ms
from vedette.store.secretbox import secret_box

RENEW_S = 2
RECONCILE_S = 30
PREFETCH = 32


@asynccontextmanager
async def running(settings: SchedulerSettings, resources: Resources) -> AsyncIterator[None]:
    """Schedule until the block ends, then give the shards to whoever is left.

    Raises VedetteError when the settings don't suffice.
    """
    store = Store(resources.pool, resources.instance, secret_box(settings.secret_key))
    leases = Leases(store)
    dispatcher = Dispatcher(store, resources.bus, leases)

    async def reconcile() -> None:
        await dispatcher.reconcile(now_ms() - 3 * RECONCILE_S * 1000)

    try:
        async with (
            consuming(
                resources.bus,
                table(resources.instance, dispatcher),
                prefetch=PREFETCH,
                drain_s=resources.drain_s,
            ),
            background("leases", lambda: every(RENEW_S, dispatcher.turn_leases)),
            background("loading", lambda: every(TICK_S, dispatcher.load)),
            background("reconcile", lambda: every(RECONCILE_S, reconcile)),
            background("dispatch", lambda: every(TICK_S, dispatcher.tick)),
        ):
            yield
        # What was sent out since the last renewal must not be sent again by the next owner.
        await dispatcher.turn_leases()
    finally:
        await leases.leave()
