"""The care of parked messages: they are kept, told of in metrics, and put back on request."""

import asyncio
from datetime import UTC, datetime

import structlog
from prometheus_client import Gauge

from vedette.bus.api import Bus, Message, Outgoing, Unroutable
from vedette.core.errors import Transient
from vedette.processor.dead.keeping import dead_of
from vedette.store import dead
from vedette.store.dead import CLAIM_S, Dead
from vedette.store.pool import Pool, connection
from vedette.store.waking import Waker, listening

_POLL_S = 10
_AT_ONCE = 20
_PATIENCE_S = CLAIM_S / 2

count = Gauge("vedette_dead_messages", "Messages that are parked.", ["queue", "reason"])
oldest = Gauge(
    "vedette_dead_oldest_seconds", "Age of the oldest parked message.", ["queue", "reason"]
)
log = structlog.get_logger()


class DeadCare:
    """Keeps what is parked, and puts back what somebody asks for. Any number may run."""

    def __init__(self, pool: Pool, bus: Bus) -> None:
        self._pool = pool
        self._bus = bus

    async def keep(self, message: Message) -> None:
        """Keep a parked message until somebody deals with it."""
        found = dead_of(message, datetime.now(UTC))
        async with connection(self._pool) as db:
            if await dead.keep(db, found):
                log.warning(
                    "message is kept: see `vedette dead`",
                    id=str(found.id),
                    queue=found.queue,
                    reason=found.reason,
                )

    async def run(self) -> None:
        """Put back what is asked for, as soon as it is, until cancelled. Raises Transient."""
        async with listening(self._pool, dead.CHANNEL) as waker:
            await self._follow(waker)

    async def _follow(self, waker: Waker) -> None:
        while not waker.closed:
            while messages := await dead.claim(waker.db, _AT_ONCE):
                for message in messages:
                    await self._put_back(waker, message)
            await self._measure(waker)
            await waker.wait(_POLL_S)

    async def _put_back(self, waker: Waker, message: Dead) -> None:
        """One that fails for now is tried again when its claim is over."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._bus.put(message.queue, _outgoing(message))
        except Unroutable:
            await dead.refuse(waker.db, message.id, f"there is no queue {message.queue} any more")
        except (Transient, TimeoutError) as error:
            log.warning("can't put a message back yet", id=str(message.id), error=str(error))
        else:
            await dead.drop(waker.db, [message.id])
            log.info("message put back", id=str(message.id), queue=message.queue)

    async def _measure(self, waker: Waker) -> None:
        found = await dead.counts(waker.db)
        count.clear()
        oldest.clear()
        for one in found:
            count.labels(one.queue, one.reason).set(one.count)
            oldest.labels(one.queue, one.reason).set(one.oldest_s)


def _outgoing(message: Dead) -> Outgoing:
    return Outgoing(
        key=message.routing_key,
        body=message.body,
        id=message.message_id,
        traceparent=message.traceparent,
        reply_to=message.reply_to,
        headers=message.headers,
    )
