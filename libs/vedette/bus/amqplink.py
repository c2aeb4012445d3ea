"""One connection to RabbitMQ and what stands on it. It breaks as a whole, and stays broken."""

import asyncio
import secrets
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractQueue
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    ChannelPreconditionFailed,
    DeliveryError,
    PublishError,
)

from vedette.bus.api import DELIVERY_LIMIT, Exchange, Queue, Retention, Unroutable
from vedette.core.errors import Transient

BROKEN = (*CONNECTION_EXCEPTIONS, DeliveryError, TimeoutError, asyncio.InvalidStateError)
# RabbitMQ 4 knows -1 for "none", 3 doesn't: what is parked may be taken as often as need be.
_NO_LIMIT = 2**31 - 1
_HEARTBEAT_S = 20
_PATIENCE_S = 10

log = structlog.get_logger()


class outage:  # noqa: N801  (used as a statement: `with outage():`)
    """Raise Transient in place of what a broken connection raises."""

    def __enter__(self) -> None:
        """Start watching."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate."""
        if isinstance(error, PublishError):
            raise Unroutable(f"RabbitMQ: no queue takes the message: {error}") from error
        if isinstance(error, BROKEN) or (
            # What waits when a connection closes is cancelled by aiormq, not by our caller.
            isinstance(error, asyncio.CancelledError) and not _being_cancelled()
        ):
            raise Transient(f"RabbitMQ: {words_of(error)}") from error


def words_of(error: BaseException | None) -> str:
    """What went wrong, for people: of some errors only their type tells."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(error) or type(error).__name__


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Link:
    """A connection with its exchanges and a channel for publishing.

    `broken` is set once the connection, or any of its channels without our asking, has closed:
    what a broker closed for one reason or another is best begun afresh. `why` says what is known.
    """

    def __init__(self, connection: AbstractConnection) -> None:
        self.broken = asyncio.Event()
        self.why: str | None = None
        self._connection = connection
        # The broker may hold a dead connection's private queues for a while; ours are new.
        self._token = secrets.token_hex(3)
        self._publishing: AbstractChannel
        self._declaring = asyncio.Lock()
        self._refusable: AbstractChannel | None = None
        self._exchanges: dict[Exchange, AbstractExchange] = {}
        connection.close_callbacks.add(self._break)

    @classmethod
    async def open(cls, url: str) -> "Link":
        """Connect and declare the exchanges. Raises Transient."""
        with outage():
            async with asyncio.timeout(_PATIENCE_S):
                link = cls(await aio_pika.connect(url, heartbeat=_HEARTBEAT_S))
                try:
                    link._publishing = await link._channel(on_return_raises=True)
                    for name in Exchange:
                        link._exchanges[name] = await link._publishing.declare_exchange(
                            name.value, "topic", durable=True
                        )
                except BaseException:
                    await link.close()
                    raise
        return link

    def exchange(self, name: Exchange) -> AbstractExchange:
        """An exchange to publish to. Raises Transient if the link is broken."""
        if self.broken.is_set():
            raise Transient("RabbitMQ: not connected")
        return self._exchanges[name]

    def straight_to_queues(self) -> AbstractExchange:
        """The exchange whose keys are names of queues. Raises Transient if the link is broken."""
        if self.broken.is_set():
            raise Transient("RabbitMQ: not connected")
        return self._publishing.default_exchange

    async def declare(self, queue: Queue) -> None:
        """Make sure a queue exists and is bound. Raises Transient."""
        with outage():
            async with asyncio.timeout(_PATIENCE_S):
                await self._declare(queue)

    async def consumable(
        self, queue: Queue, prefetch: int
    ) -> tuple[AbstractChannel, AbstractQueue]:
        """A channel of its own for a consumer, and the queue on it. Raises Transient."""
        with outage():
            async with asyncio.timeout(_PATIENCE_S):
                channel = await self._channel()
                await channel.set_qos(prefetch_count=prefetch)
                name = await self._declare(queue)
                return channel, await channel.get_queue(name, ensure=False)

    async def release(self, channel: AbstractChannel) -> None:
        """Close a consumer's channel; what it has not acknowledged is delivered again."""
        channel.close_callbacks.discard(self._break_with)
        with outage():
            async with asyncio.timeout(_PATIENCE_S):
                await channel.close()

    async def depth(self, queue: Queue) -> int:
        """How many messages wait in a queue. Raises Transient."""
        with outage():
            async with asyncio.timeout(_PATIENCE_S):
                channel = await self._publishing.get_underlay_channel()
                found = await channel.queue_declare(queue=queue.name, passive=True)
        return found.message_count or 0

    async def close(self) -> None:
        """Close the connection, whatever is left of it."""
        self.broken.set()
        try:
            with outage():
                async with asyncio.timeout(_PATIENCE_S):
                    await self._connection.close()
        except Transient as error:
            log.debug("RabbitMQ: closing failed", error=str(error))

    async def _channel(self, *, on_return_raises: bool = False) -> AbstractChannel:
        channel = await self._connection.channel(on_return_raises=on_return_raises)
        channel.close_callbacks.add(self._break_with)
        underlying: Any = await channel.get_underlay_channel()
        underlying.on_consumer_cancel_callbacks.add(self._break)
        return channel

    async def _declare(self, queue: Queue) -> str:
        """Declare and bind a queue; returns the broker's name of it."""
        name = f"{queue.name}.{self._token}" if queue.private else queue.name
        async with self._declaring:
            declared = await self._declared(name, queue)
            for binding in queue.bindings:
                await declared.bind(binding.exchange.value, binding.key)
        return name

    async def _declared(self, name: str, queue: Queue) -> AbstractQueue:
        try:
            return await (await self._scratch()).declare_queue(
                name,
                durable=not queue.private,
                exclusive=queue.private,
                auto_delete=queue.private,
                arguments=_arguments(queue),
            )
        except ChannelPreconditionFailed as error:
            # It serves as it is; what can't be changed can only be deleted, by who knows it empty.
            log.warning(
                "RabbitMQ: a queue stands as another version made it; delete it while it is empty"
                " to have it made anew",
                queue=name,
                error=str(error),
            )
            return await (await self._scratch()).declare_queue(name, passive=True)

    async def _scratch(self) -> AbstractChannel:
        """A channel that may be closed by the broker for what it refuses."""
        if self._refusable is None or self._refusable.is_closed:
            self._refusable = await self._connection.channel(publisher_confirms=False)
        return self._refusable

    def _break(self, *told: object) -> None:
        errors = (one for one in told if isinstance(one, BaseException))
        self.why = self.why or next(map(words_of, errors), None)
        self.broken.set()

    def _break_with(self, _channel: object, error: object) -> None:
        """A channel that was closed with an error was not closed by us."""
        if error is not None and not isinstance(error, asyncio.CancelledError):
            self._break(error)


def _arguments(queue: Queue) -> dict[str, Any]:
    if queue.private:
        return {}
    if queue.retention is not None:
        return _stream(queue.retention)
    # What expires, or kills its consumers too often, goes elsewhere, never away.
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-delivery-limit": _NO_LIMIT if queue.last_resort else DELIVERY_LIMIT,
    }
    if queue.limit is not None:
        arguments |= {
            "x-max-length": queue.limit.messages,
            "x-max-length-bytes": queue.limit.octets,
            "x-overflow": "reject-publish",
        }
    if queue.expired is not None:
        dead = {"exchange": queue.expired.exchange.value, "routing-key": queue.expired.key}
    elif not queue.fleeting and not queue.last_resort:
        dead = {"exchange": Exchange.DEAD.value, "routing-key": queue.name}
    else:
        return arguments
    return arguments | {
        **{f"x-dead-letter-{name}": value for name, value in dead.items()},
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _stream(retention: Retention) -> dict[str, Any]:
    """It goes by whole segments: a tenth of what is kept is let go at once."""
    return {
        "x-queue-type": "stream",
        "x-max-age": f"{retention.age_s}s",
        "x-max-length-bytes": retention.octets,
        "x-stream-max-segment-size-bytes": retention.octets // 10,
    }
