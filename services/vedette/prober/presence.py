"""Presence: the prober tells that it is there, what it can check, and how busy it is."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from vedette.bus.api import Bus, Exchange, Outgoing
from vedette.bus.topology import PRESENCE_KEY
from vedette.core.errors import Transient
from vedette.core.kinds import kinds
from vedette.core.presence import ANNOUNCE_S, LIVE_S, Presence
from vedette.core.version import __version__
from vedette.prober.limits import Limits
from vedette.prober.names import has_ipv6
from vedette.prober.probes import offer
from vedette.prober.settings import ProberSettings
from vedette.prober.uplink import Uplink
from vedette.runtime.background import background, every

_FAREWELL_S = 2


class Announcer:
    """Makes and sends the announcements of one run of a prober."""

    def __init__(
        self,
        settings: ProberSettings,
        limits: Limits,
        bus: Bus,
        instance: str,
        uplink: Uplink,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._bus = bus
        self._instance = instance
        self._uplink = uplink
        self._run = uuid4()

    def presence(self, *, leaving: bool = False) -> Presence:
        """How this prober stands now."""
        here, unable = offer(), offer().unable()
        return Presence(
            instance=self._instance,
            run=self._run,
            name=self._settings.prober_name or self._instance,
            region=self._settings.region,
            version=__version__,
            kinds=sorted(kinds().keys() & here.makers.keys() - unable.keys()),
            lacking=unable,
            ipv6=has_ipv6(),
            in_flight=self._limits.in_flight,
            waiting=self._limits.waiting,
            concurrency=self._settings.prober_concurrency,
            uplink=self._uplink.answering,
            at=time.time_ns() // 1_000_000,
            leaving=leaving,
        )

    async def announce(self) -> None:
        """Tell how it stands. Raises Transient. Unread, this is out of date with the next one."""
        await self._publish(self.presence(), ttl_s=ANNOUNCE_S)

    async def leave(self) -> None:
        """Tell that it takes no more jobs, if that can be told soon; else silence tells it."""
        with suppress(Transient, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._publish(self.presence(leaving=True), ttl_s=LIVE_S)

    async def _publish(self, presence: Presence, *, ttl_s: float) -> None:
        message = Outgoing(
            key=PRESENCE_KEY,
            body=presence.model_dump_json().encode(),
            ttl_ms=round(ttl_s * 1000),
        )
        await self._bus.publish(Exchange.RESULTS, [message])


@asynccontextmanager
async def present(announcer: Announcer) -> AsyncIterator[None]:
    """Tell at once, every few seconds as long as the block lasts, and at its end."""
    try:
        async with background("presence", lambda: every(ANNOUNCE_S, announcer.announce)):
            yield
    finally:
        await announcer.leave()
