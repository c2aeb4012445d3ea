"""What every request may use, opened once."""

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from vedette.bus.api import Bus
from vedette.gateway.auth import Keys
from vedette.gateway.limits import Limiter
from vedette.gateway.oneoff import Prober
from vedette.gateway.settings import GatewaySettings
from vedette.store.cache import Cache
from vedette.store.pool import Pool
from vedette.store.secretbox import SecretBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The gateway's tools."""

    settings: GatewaySettings
    pool: Pool
    bus: Bus
    cache: Cache
    box: SecretBox
    keys: Keys
    limiter: Limiter
    prober: Prober


GATEWAY = web.AppKey("gateway", Gateway)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of somebody whose key was found good."""

    request: web.Request
    workspace: UUID

    @property
    def gateway(self) -> Gateway:
        """The gateway's tools."""
        return self.request.app[GATEWAY]

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.gateway.pool
