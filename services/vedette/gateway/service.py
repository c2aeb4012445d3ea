"""The gateway, from its settings to serving."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from vedette.gateway.app import build_app
from vedette.gateway.auth import Keys
from vedette.gateway.bootstrap import ensure_access
from vedette.gateway.context import Gateway
from vedette.gateway.limits import Limiter
from vedette.gateway.listening import listening
from vedette.gateway.oneoff import listening_prober
from vedette.gateway.settings import GatewaySettings
from vedette.runtime.launch import ready_probes
from vedette.runtime.resources import Resources
from vedette.store.secretbox import secret_box
from vedette.telemetry.admin import serving

log = structlog.get_logger()


@asynccontextmanager
async def running(settings: GatewaySettings, resources: Resources) -> AsyncIterator[None]:
    """Serve until the block ends. Raises VedetteError when the settings don't suffice."""
    async with opened(settings, resources) as gateway:
        app = build_app(gateway, ready_probes(resources))
        async with serving(app, settings.http) as address:
            log.info("serving", address=f"http://{address}")
            yield


@asynccontextmanager
async def opened(settings: GatewaySettings, resources: Resources) -> AsyncIterator[Gateway]:
    """What requests use, ready for them."""
    box = secret_box(settings.secret_key)
    await ensure_access(resources.pool, settings.api_key)
    async with (
        listening_prober(resources.bus, resources.instance) as prober,
        listening(resources.pool, resources.instance),
    ):
        yield Gateway(
            settings=settings,
            pool=resources.pool,
            bus=resources.bus,
            cache=resources.cache,
            box=box,
            keys=Keys(resources.pool),
            limiter=Limiter(resources.cache, settings.rate_limit),
            prober=prober,
        )
