"""The bus on RabbitMQ, by aio-pika.

Shared queues are quorum queues: durable, replicated where there is a cluster, and with a limit
to how often a message that kills its consumers is delivered. Everything published is persistent
and confirmed. After a broken connection aio-pika connects again and declares everything anew.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractRobustChannel,
    AbstractRobustConnection,
    AbstractRobustExchange,
    AbstractRobustQueue,
)
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError

from vedette.bus.api import Consumer, Exchange, Handler, Message, Outgoing, Queue, Unroutable
from vedette.bus.drain import drain
from vedette.bus.middleware import wrap
from vedette.core.errors import Transient
from vedette.telemetry.traces import traceparent

DELIVERY_LIMIT = 20
_PUBLISH_S = 10
_CONNECT_S = 10
_RECONNECT_S = 1
_MUST_ROUTE = frozenset({Exchange.JOBS, Exchange.RESULTS})
_BROKEN = (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.InvalidStateError)

log = structlog.get_logger()


class AmqpBus:
    """See `vedette.bus.api.Bus`."""

    durable: ClassVar[bool] = True

    def __init__(
        self,
        connection: AbstractRobustConnection,
        publishing: AbstractRobustChannel,
        exchanges: dict[Exchange, AbstractRobustExchange],
    ) -> None:
        self._connection = connection
        self._publishing = publishing
        self._exchanges = exchanges
        self._declared: dict[str, AbstractRobustQueue] = {}

    @classmethod
    async def connect(cls, url: str) -> "AmqpBus":
        """Connect and declare the exchanges. Raises Transient if the broker can't be reached."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                connection = await aio_pika.connect_robust(
                    url, reconnect_interval=_RECONNECT_S, heartbeat=20
                )
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                exchanges = {
                    name: await channel.declare_exchange(name.value, "topic", durable=True)
                    for name in Exchange
                }
        except _BROKEN as error:
            raise Transient(f"RabbitMQ: {error or type(error).__name__}") from error
        return cls(connection, channel, exchanges)

    async def declare(self, *queues: Queue) -> None:
        """Make sure the queues exist and are bound. Raises Transient."""
        for queue in queues:
            if queue.name not in self._declared:
                with _outage():
                    self._declared[queue.name] = await self._declare(self._publishing, queue)

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        """Publish all and wait for the broker's confirmation of each."""
        if not self.healthy():
            raise Transient("RabbitMQ: not connected")
        target, current = self._exchanges[exchange], traceparent()
        mandatory = exchange in _MUST_ROUTE
        with _outage():
            async with asyncio.timeout(_PUBLISH_S):
                await asyncio.gather(
                    *(
                        target.publish(_sent(message, current), message.key, mandatory=mandatory)
                        for message in messages
                    )
                )

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> Consumer:
        """Call `handler` for each message, up to `prefetch` at a time. Raises Transient."""
        with _outage():
            channel: Any = await self._connection.channel()
            await channel.set_qos(prefetch_count=prefetch)
            declared = await self._declare(channel, queue)
            consumer = _AmqpConsumer(channel, declared, wrap(self, queue, handler))
            await consumer.start()
        return consumer

    async def depth(self, queue: Queue) -> int:
        """How many messages wait in the queue. Raises Transient."""
        with _outage():
            async with asyncio.timeout(_PUBLISH_S):
                channel = await self._publishing.get_underlay_channel()
                found = await channel.queue_declare(queue=queue.name, passive=True)
        return found.message_count or 0

    def healthy(self) -> bool:
        """Whether the connection stands."""
        return self._connection.connected.is_set() and not self._publishing.is_closed

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _declare(self, channel: AbstractRobustChannel, queue: Queue) -> AbstractRobustQueue:
        declared: Any = await channel.declare_queue(
            queue.name,
            durable=not queue.private,
            exclusive=queue.private,
            auto_delete=queue.private,
            arguments=_arguments(queue),
        )
        for binding in queue.bindings:
            await declared.bind(binding.exchange.value, binding.key)
        return declared  # type: ignore[no-any-return]


class _AmqpConsumer:
    def __init__(self, channel: Any, queue: AbstractRobustQueue, handler: Handler) -> None:
        self._channel = channel
        self._queue = queue
        self._handler = handler
        self._running: set[asyncio.Task[Any]] = set()
        self._tag: Any = None

    async def start(self) -> None:
        self._tag = await self._queue.consume(self._handle)

    async def stop(self, *, drain_s: float) -> None:
        """Take no more, let handlers end, give back what hasn't ended."""
        try:
            async with asyncio.timeout(_PUBLISH_S):
                await self._queue.cancel(self._tag)
        except _BROKEN:
            log.warning("consumer not cancelled: the broker is gone", queue=self._queue.name)
        await drain(self._running, drain_s)
        try:
            # Closing the channel returns what is prefetched or unfinished to the queue.
            await self._channel.close()
        except _BROKEN:
            log.debug("channel was closed already", queue=self._queue.name)

    async def _handle(self, incoming: AbstractIncomingMessage) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await self._handler(_received(incoming))
            await incoming.ack()
        except _BROKEN as error:
            # The connection broke meanwhile: the broker delivers the message again.
            log.debug("not acknowledged", queue=self._queue.name, error=str(error))
        finally:
            self._running.discard(task)


class _outage:  # noqa: N801  (used as a statement: `with _outage():`)
    """Raise Transient in place of what a broken connection raises."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PublishError):
            raise Unroutable(f"RabbitMQ: no queue takes the message: {error}") from error
        if isinstance(error, DeliveryError | _BROKEN):
            raise Transient(f"RabbitMQ: {error or type(error).__name__}") from error


def _arguments(queue: Queue) -> dict[str, Any]:
    if queue.private:
        return {}
    dead = queue.expired
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        # What is delivered too often or expires goes here, never away.
        "x-dead-letter-exchange": (dead.exchange if dead else Exchange.DEAD).value,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if dead:
        arguments["x-dead-letter-routing-key"] = dead.key
    elif queue.bindings[0].exchange is not Exchange.DEAD:
        arguments["x-dead-letter-routing-key"] = queue.name
    return arguments


def _sent(message: Outgoing, current: str | None) -> aio_pika.Message:
    headers: dict[str, Any] = dict(message.headers)
    if parent := message.traceparent or current:
        headers["traceparent"] = parent
    return aio_pika.Message(
        message.body,
        headers=headers,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.id,
        reply_to=message.reply_to,
        expiration=None if message.ttl_ms is None else max(message.ttl_ms, 0) / 1000,
    )


def _received(incoming: AbstractIncomingMessage) -> Message:
    headers = {name: str(value) for name, value in incoming.headers.items()}
    count = incoming.headers.get("x-delivery-count", 0)
    return Message(
        key=incoming.routing_key or "",
        body=incoming.body,
        id=incoming.message_id,
        traceparent=headers.get("traceparent"),
        reply_to=incoming.reply_to,
        attempt=1 + (count if isinstance(count, int) else 0),
        headers=headers,
    )
