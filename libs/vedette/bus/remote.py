"""The local bus of another process on this machine, over its Unix socket (see `served`).

It is as lasting as that process: once the connection is gone, it does not come back.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

from vedette.bus.api import Consumer, Exchange, Full, Handler, Message, Outgoing, Queue, Unroutable
from vedette.bus.drain import drain
from vedette.bus.middleware import wrap
from vedette.bus.wire import (
    BEAT_S,
    READ_AHEAD,
    REPLIES,
    SCHEME,
    Answer,
    Asking,
    Beat,
    Cancel,
    Consume,
    Declare,
    Deliver,
    Depth,
    Publish,
    Put,
    Request,
    Settle,
    frame,
    frames,
)
from vedette.core.errors import Transient
from vedette.telemetry.traces import traceparent

_PATIENCE_S = 10


class RemoteBus:
    """See `vedette.bus.api.Bus`."""

    durable: ClassVar[bool] = False

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._consumers: dict[int, _RemoteConsumer] = {}
        self._lost = asyncio.Event()
        self._tasks = (
            asyncio.create_task(self._listen(reader), name="connection to the bus"),
            asyncio.create_task(self._beat(), name="signs of life"),
        )

    @classmethod
    async def connect(cls, url: str) -> "RemoteBus":
        """Connect to the socket that `url` names. Raises OSError if nobody serves it."""
        path = url.removeprefix(SCHEME)
        return cls(*await asyncio.open_unix_connection(path, limit=READ_AHEAD))

    async def declare(self, *queues: Queue) -> None:
        """Make sure the queues exist and are bound. Raises Transient."""
        await self._ask(Declare(next(self._numbers), list(queues)))

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        """Publish all and wait until the bus has them."""
        traced = [_traced(message) for message in messages]
        answer = await self._ask(Publish(next(self._numbers), exchange, traced))
        if answer.refused:
            raise Full([messages[place] for place in answer.refused])

    async def put(self, queue: str, message: Outgoing) -> None:
        """Put a message into one queue and wait until it was dealt with."""
        await self._ask(Put(next(self._numbers), queue, (_traced(message),)))

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> Consumer:
        """Call `handler` for each message, up to `prefetch` at a time. Raises Transient."""
        number = next(self._numbers)
        consumer = _RemoteConsumer(self, number, wrap(self, queue, handler))
        self._consumers[number] = consumer
        await self._ask(Consume(number, queue, prefetch))
        return consumer

    async def depth(self, queue: Queue) -> int:
        """How many messages wait in the queue. Raises Transient."""
        return (await self._ask(Depth(next(self._numbers), queue))).depth

    def healthy(self) -> bool:
        """Whether the connection stands."""
        return not self._lost.is_set()

    async def lost(self) -> None:
        """Returns when the process that has the bus is gone, or has broken with this one."""
        await self._lost.wait()

    async def close(self) -> None:
        """Close the connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def cancel(self, consumer: int) -> None:
        """Have no more delivered to a consumer. Raises Transient."""
        await self._ask(Cancel(next(self._numbers), consumer))

    def tell(self, request: Request) -> None:
        """Send it. Raises Transient if the connection is gone."""
        if self._lost.is_set():
            raise _gone()
        self._writer.write(frame(request))

    async def _ask(self, request: Asking) -> Answer:
        """The answer, which says that it is done, or names what is refused. Raises Transient."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[request.number] = answered
        try:
            self.tell(request)
            answer = await answered
        finally:
            del self._asked[request.number]
        if answer.error is None or answer.refused:
            return answer
        raise (Unroutable if answer.error == "Unroutable" else Transient)(answer.text)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            async for reply in frames(reader, REPLIES):
                match reply:
                    case Answer(number):
                        asked = self._asked.get(number)
                        if asked is not None and not asked.done():
                            asked.set_result(reply)
                    case Deliver(tag, consumer, (message,)):
                        self._consumers[consumer].handle(tag, message)
        finally:
            self._lose()

    def _lose(self) -> None:
        """Whoever waits for an answer gets none, and what is in hand has gone to others."""
        self._lost.set()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(_gone())
        for consumer in self._consumers.values():
            consumer.cancel()

    async def _beat(self) -> None:
        while not self._lost.is_set():
            self.tell(Beat())
            await asyncio.sleep(BEAT_S)


class _RemoteConsumer:
    def __init__(self, bus: RemoteBus, number: int, handler: Handler) -> None:
        self._bus = bus
        self._number = number
        self._handler = handler
        self._running: set[asyncio.Task[None]] = set()

    async def stop(self, *, drain_s: float) -> None:
        """Take no more, let handlers end, give back what hasn't ended."""
        with suppress(Transient, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._bus.cancel(self._number)
        await drain(self._running, drain_s)

    def handle(self, tag: int, message: Message) -> None:
        """Call the handler, and tell when it is done."""
        task = asyncio.create_task(self._handle(tag, message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        """Drop what is in hand."""
        for task in self._running:
            task.cancel()

    async def _handle(self, tag: int, message: Message) -> None:
        done = False
        try:
            await self._handler(message)
            done = True
        finally:
            with suppress(Transient):
                self._bus.tell(Settle(tag, done))


def _traced(message: Outgoing) -> Outgoing:
    return replace(message, traceparent=message.traceparent or traceparent())


def _gone() -> Transient:
    return Transient("the process that has the bus is gone")
