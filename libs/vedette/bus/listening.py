"""Reading the stream of events over AMQP, from any instant on, without taking anything away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aio_pika
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aio_pika.exceptions import ChannelNotFoundEntity

from vedette.bus.amqplink import outage
from vedette.bus.topology import EVENTS_STREAM
from vedette.core.errors import Permanent

_PREFETCH = 200
_PATIENCE_S = 10
_IDLE_S = 3

Offset = int | str | datetime
"""Where to begin: the number of an event, `first`, `next`, or when it was published."""


async def newest(url: str) -> int | None:
    """The number of the first event of the newest part of the stream; None if it is empty.

    Raises Transient, and Permanent if there is no stream.
    """
    async with _connected(url) as connection:
        async for message in _messages(await connection.channel(), "last", _IDLE_S):
            return _number(message)
    return None


async def listen(
    url: str, begin: Offset, *, idle_s: float | None
) -> AsyncIterator[tuple[int, bytes]]:
    """Events with their numbers, in order, for ever or until none comes for `idle_s`.

    The first ones may be from before `begin`, if that is an instant. Raises Transient when the
    connection breaks, and Permanent if there is no stream.
    """
    async with _connected(url) as connection:
        async for message in _messages(await connection.channel(), begin, idle_s):
            yield _number(message), message.body


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AbstractConnection]:
    with outage():
        async with asyncio.timeout(_PATIENCE_S):
            connection = await aio_pika.connect(url)
        async with connection:
            yield connection


async def _messages(
    channel: AbstractChannel, begin: Offset, idle_s: float | None
) -> AsyncIterator[AbstractIncomingMessage]:
    arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
    channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
    async with asyncio.timeout(_PATIENCE_S):
        underlying: Any = await channel.get_underlay_channel()
        # As when the stream is deleted, or moves to another node.
        underlying.on_consumer_cancel_callbacks.add(lambda *_: arrived.put_nowait(None))
        await channel.set_qos(prefetch_count=_PREFETCH)
        stream = await _stream(channel)
        await stream.consume(arrived.put, arguments={"x-stream-offset": begin})
    while True:
        try:
            async with asyncio.timeout(idle_s):
                message = await arrived.get()
        except TimeoutError:
            return
        if message is None:
            raise ConnectionError("it sends no more events")
        yield message
        await message.ack()


async def _stream(channel: AbstractChannel) -> AbstractQueue:
    try:
        return await channel.get_queue(EVENTS_STREAM)
    except ChannelNotFoundEntity as error:
        # It says "not found" as well of one that it has but can't open yet, as after its start.
        if "no queue" not in str(error):
            raise ConnectionError(str(error)) from error
        raise Permanent(
            f"RabbitMQ has no stream {EVENTS_STREAM}: services make it when they start, if its"
            " feature flag stream_queue is enabled"
        ) from error


def _number(message: AbstractIncomingMessage) -> int:
    offset: Any = message.headers["x-stream-offset"]
    return int(offset)
