"""The bus on RabbitMQ, by aio-pika.

Everything published is persistent and confirmed. A broken connection is replaced by a new one,
with all queues declared and all consumers started again; until then publishing raises Transient.
aio-pika's own robust connection is not used: when the broker is killed it can leave a channel
that looks open and never answers.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import DeliveryError, PublishError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from vedette.bus.amqplink import BROKEN, Link, outage
from vedette.bus.amqpmessage import put, received, sent
from vedette.bus.api import Binding, Consumer, Exchange, Full, Handler, Outgoing, Queue
from vedette.bus.drain import drain
from vedette.bus.middleware import wrap
from vedette.bus.routing import matches
from vedette.core.errors import Transient
from vedette.telemetry.traces import traceparent

PATIENCE_S = 10
"""How long the broker may take to answer before it counts as unreachable."""
_MUST_ROUTE = frozenset({Exchange.JOBS, Exchange.RESULTS})

log = structlog.get_logger()


class AmqpBus:
    """See `vedette.bus.api.Bus`."""

    durable: ClassVar[bool] = True

    def __init__(self, url: str, link: Link) -> None:
        self._url = url
        self._link = link
        self._queues: dict[str, Queue] = {}
        self._consumers: set[_AmqpConsumer] = set()
        self._keeper = asyncio.create_task(self._keep_connected(), name="RabbitMQ connection")

    @classmethod
    async def connect(cls, url: str) -> "AmqpBus":
        """Connect and declare the exchanges. Raises Transient if the broker can't be reached."""
        return cls(url, await Link.open(url))

    async def declare(self, *queues: Queue) -> None:
        """Make sure the queues exist and are bound. Raises Transient."""
        for queue in queues:
            if queue.name not in self._queues:
                await self._link.declare(queue)
                self._queues[queue.name] = queue

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        """Publish all and wait for the broker's confirmation of each."""
        target, current = self._link.exchange(exchange), traceparent()
        mandatory = exchange in _MUST_ROUTE
        with outage():
            async with asyncio.timeout(PATIENCE_S):
                confirmed = await asyncio.gather(
                    *(
                        target.publish(sent(message, current), message.key, mandatory=mandatory)
                        for message in messages
                    ),
                    return_exceptions=True,
                )
            refused = _refused(messages, confirmed)
        if refused:
            await self._make_up_for(exchange, refused)

    async def put(self, queue: str, message: Outgoing) -> None:
        """Put a message into one queue and wait for the broker's confirmation."""
        target = self._link.straight_to_queues()
        with outage():
            async with asyncio.timeout(PATIENCE_S):
                await target.publish(put(message), queue, mandatory=True)

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> Consumer:
        """Call `handler` for each message, up to `prefetch` at a time. Raises Transient."""
        consumer = _AmqpConsumer(self, queue, wrap(self, queue, handler), prefetch)
        await consumer.start(self._link)
        self._consumers.add(consumer)
        return consumer

    async def depth(self, queue: Queue) -> int:
        """How many messages wait in the queue. Raises Transient."""
        return await self._link.depth(queue)

    def healthy(self) -> bool:
        """Whether the connection stands."""
        return not self._link.broken.is_set()

    async def lost(self) -> None:
        """Never: a broken connection is replaced."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Close the connection."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        await self._link.close()

    def forget(self, consumer: "_AmqpConsumer") -> None:
        """Don't start this consumer again."""
        self._consumers.discard(consumer)

    async def _make_up_for(self, exchange: Exchange, refused: Sequence[Outgoing]) -> None:
        """Raise Full, unless it is a stranger's queue of events that is: it must stop nobody else.

        The broker doesn't say which queue refused a message. The others may have it; ours get it
        once more, each by itself.
        """
        if exchange is not Exchange.EVENTS:
            raise Full(refused)
        log.warning("RabbitMQ: a queue bound to vedette.events refuses events", events=len(refused))
        for message in refused:
            published = Binding(exchange, message.key)
            for queue in self._queues.values():
                if not queue.private and any(matches(own, published) for own in queue.bindings):
                    await self.put(queue.name, message)

    async def _keep_connected(self) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            wait=wait_exponential_jitter(multiplier=0.2, max=5),
        )
        while True:
            await self._link.broken.wait()
            log.warning("RabbitMQ: connection lost; connecting again", error=self._link.why)
            await self._link.close()
            await retrying(self._reconnect)
            log.info("RabbitMQ: connected again")

    async def _reconnect(self) -> None:
        link = await Link.open(self._url)
        try:
            for queue in self._queues.values():
                await link.declare(queue)
            for consumer in list(self._consumers):
                await consumer.start(link)
        except BaseException:
            await link.close()
            raise
        self._link = link


def _refused(messages: Sequence[Outgoing], confirmed: Sequence[object]) -> list[Outgoing]:
    """What the broker refused. Raises what else went wrong."""
    for end in confirmed:
        if isinstance(end, PublishError) or (
            isinstance(end, BaseException) and not isinstance(end, DeliveryError)
        ):
            raise end
    return [
        message
        for message, end in zip(messages, confirmed, strict=True)
        if isinstance(end, DeliveryError)
    ]


class _AmqpConsumer:
    def __init__(self, bus: AmqpBus, queue: Queue, handler: Handler, prefetch: int) -> None:
        self._bus = bus
        self._queue = queue
        self._handler = handler
        self._prefetch = prefetch
        self._running: set[asyncio.Task[Any]] = set()
        self._consuming: tuple[Link, AbstractChannel, AbstractQueue, str] | None = None

    async def start(self, link: Link) -> None:
        """Consume on this link, in place of the one before. Raises Transient."""
        channel, declared = await link.consumable(self._queue, self._prefetch)
        with outage():
            async with asyncio.timeout(PATIENCE_S):
                tag = await declared.consume(self._handle)
        self._consuming = link, channel, declared, tag

    async def stop(self, *, drain_s: float) -> None:
        """Take no more, let handlers end, give back what hasn't ended."""
        self._bus.forget(self)
        assert self._consuming is not None
        link, channel, declared, tag = self._consuming
        with suppress(Transient), outage():
            async with asyncio.timeout(PATIENCE_S):
                await declared.cancel(tag)
        await drain(self._running, drain_s)
        with suppress(Transient):
            await link.release(channel)

    async def _handle(self, incoming: AbstractIncomingMessage) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await self._handler(received(incoming))
            await incoming.ack()
        except BROKEN as error:
            # The connection broke meanwhile: the broker delivers the message again.
            log.debug("not acknowledged", queue=self._queue.name, error=str(error))
        finally:
            self._running.discard(task)
