"""The prober's own way to the network: canary addresses that it must be able to reach.

When none of them answers, what a check could not reach says nothing about its target.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from time import perf_counter

import structlog
from prometheus_client import Gauge

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.runtime.background import background, every

log = structlog.get_logger()
_PATIENCE_S = 3.0
# What a lost uplink makes of a check. A refusal came from somebody, and so did an answer.
_BY_NETWORK = frozenset(
    {
        Reason.DNS_TIMEOUT,
        Reason.DNS_SERVFAIL,
        Reason.CONNECT_TIMEOUT,
        Reason.CONNECT_UNREACHABLE,
        Reason.CONNECT_RESET,
        Reason.TIMEOUT,
        Reason.LOSS,
    }
)
reachable = Gauge(
    "vedette_prober_uplink", "Whether any canary address answers (1); always 1 without canaries."
)


class Uplink:
    """Looks at the canaries: at its own pace, and at once when a check failed by the network."""

    def __init__(self, canaries: Sequence[tuple[str, int]] = ()) -> None:
        self._canaries = canaries
        self._looked_at = 0.0
        self._gone_at: float | None = None
        self._look: asyncio.Task[None] | None = None
        self._answering = True
        reachable.set(1)

    @property
    def answering(self) -> bool | None:
        """Whether any canary answered when they were last looked at; None without canaries."""
        return self._answering if self._canaries else None

    async def excuse(self, trouble: Trouble | None, began: float) -> Trouble | None:
        """The trouble of a check that began then (perf_counter): ours, if our uplink was gone."""
        if trouble is None or trouble.reason not in _BY_NETWORK or not self._canaries:
            return trouble
        if not self._gone_since(began):
            await self._fresh(began)
        # What the last look saw holds until the next, also for a check that began after it.
        if self._answering and not self._gone_since(began):
            return trouble
        message = f"the prober's own uplink is gone: no canary answers ({trouble.message})"
        return Trouble(Reason.INTERNAL_ERROR, message)

    async def look(self) -> None:
        """Try all canaries; one is enough."""
        attempts = [asyncio.create_task(_reach(*canary)) for canary in self._canaries]
        try:
            for attempt in asyncio.as_completed(attempts):
                if await attempt:
                    self._note(answering=True)
                    return
            self._note(answering=False)
        finally:
            for attempt in attempts:
                attempt.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)

    def _gone_since(self, began: float) -> bool:
        return self._gone_at is not None and self._gone_at >= began

    async def _fresh(self, began: float) -> None:
        """Look, unless that was done since then. Many checks at once share one look."""
        if self._looked_at >= began:
            return
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self.look())
        await asyncio.shield(self._look)

    def _note(self, *, answering: bool) -> None:
        self._looked_at = perf_counter()
        if not answering:
            self._gone_at = self._looked_at
        if answering and not self._answering:
            log.info("the uplink is back")
        elif self._answering and not answering:
            log.warning("the uplink is gone: no canary answers")
        self._answering = answering
        reachable.set(answering)


@asynccontextmanager
async def watched_uplink(
    canaries: Sequence[tuple[str, int]], every_s: float
) -> AsyncIterator[Uplink]:
    """An uplink that is looked at regularly for as long as the block lasts."""
    uplink = Uplink(canaries)
    if not canaries:
        yield uplink
        return
    await uplink.look()  # so that what is told of it first is true
    async with background("uplink", lambda: every(every_s, uplink.look)):
        yield uplink


def canaries(listed: str) -> list[tuple[str, int]]:
    """Parse `192.0.2.1:53,[2001:db8::1]:443`. Raises ValueError."""
    return [_canary(entry.strip()) for entry in listed.split(",") if entry.strip()]


def _canary(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ip_address(bare)
    except ValueError:
        raise ValueError(f"{entry!r} is not an address with a port, like 192.0.2.1:53") from None
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port) <= 65_535:
        raise ValueError(f"the port of {entry!r} is not a number from 1 to 65535")
    return str(address), int(port)


async def _reach(host: str, port: int) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return True
    return False
