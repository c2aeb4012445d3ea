"""The dispatcher: takes due deliveries and attempts them, as many at once as is good."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from vedette.bus.drain import drain
from vedette.core.errors import Transient
from vedette.notifier.delivery import Claim
from vedette.notifier.domain.lanes import allot
from vedette.notifier.store.claiming import Claiming
from vedette.notifier.store.planning import WAKE
from vedette.store.pool import Pool
from vedette.store.waking import Waker, listening

log = structlog.get_logger()

_POLL_S = 1.0
_BACKOFF_S = 0.5


class Dispatcher:
    """Any number may run: they share the deliveries out.

    `attempt` gets each claim and has `lease_s` to record its end; after that the delivery comes
    due again, here or elsewhere.
    """

    def __init__(
        self,
        pool: Pool,
        attempt: Callable[[Claim], Awaitable[None]],
        *,
        instance: str,
        lease_s: float,
    ) -> None:
        self._pool = pool
        self._attempt = attempt
        self._instance = instance
        self._lease_s = lease_s
        self._waker: Waker
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._busy = Counter[str]()

    async def run(self) -> None:
        """Claim until cancelled. Attempts go on; `drain` ends them."""
        while True:
            try:
                async with listening(self._pool, WAKE) as self._waker:
                    await self._follow(self._waker)
            except Transient as error:
                log.warning("dispatcher waits", error=str(error))
                await asyncio.sleep(_BACKOFF_S)

    async def drain(self, within_s: float) -> None:
        """Let attempts end within that time. The others come due again by their lease."""
        await drain(list(self._running.values()), within_s)

    async def _follow(self, waker: Waker) -> None:
        while not waker.closed:
            await waker.wait(await self._claim_all(Claiming(waker.db)))

    async def _claim_all(self, store: Claiming) -> float:
        """Claim until no lane has both work and room; returns when to look again."""
        while True:
            lanes, next_s = await store.look()
            places = allot(lanes, self._busy)
            if not places:
                break
            claims = await store.claim(
                places,
                instance=self._instance,
                lease_s=self._lease_s,
                # A lease may run out while an attempt waits to record its end.
                except_for=self._running,
            )
            for claim in claims:
                self._start(claim)
            if not claims:
                break
        return _POLL_S if next_s is None else min(next_s, _POLL_S)

    def _start(self, claim: Claim) -> None:
        delivery = claim.delivery
        task = asyncio.create_task(_awaited(self._attempt(claim)), name=f"delivery {delivery.id}")
        self._running[delivery.id] = task
        self._busy[delivery.lane] += 1

        def ended(task: asyncio.Task[None]) -> None:
            del self._running[delivery.id]
            self._busy[delivery.lane] -= 1
            if not self._busy[delivery.lane]:
                del self._busy[delivery.lane]
            self._waker.wake()
            if not task.cancelled() and (error := task.exception()):
                log.error("an attempt broke off", delivery=str(delivery.id), exc_info=error)

        task.add_done_callback(ended)


async def _awaited(work: Awaitable[None]) -> None:
    await work
