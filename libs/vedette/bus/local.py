"""The bus of one process: the same contract without a broker.

Messages live in memory and die with the process. Jobs that die so are due again. Events do not
die: publishing one returns only when every shared queue's handler has dealt with it, and until
then it stands in the outbox. In the same way a message is parked once its keeper has it.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from vedette.bus import parking
from vedette.bus.api import (
    Binding,
    Exchange,
    Full,
    Handler,
    Outgoing,
    Queue,
    Unroutable,
)
from vedette.bus.drain import drain
from vedette.bus.localqueue import Entry, LocalQueue, entry_of
from vedette.bus.middleware import wrap
from vedette.bus.routing import matches
from vedette.telemetry.traces import traceparent

_MUST_NOT_DIE = frozenset({Exchange.EVENTS, Exchange.DEAD})


class LocalBus:
    """See `vedette.bus.api.Bus`."""

    durable: ClassVar[bool] = False

    def __init__(self) -> None:
        self._queues: dict[str, LocalQueue] = {}

    async def declare(self, *queues: Queue) -> None:
        """Make sure the queues exist and are bound."""
        for queue in queues:
            self._queue(queue)

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        """Queue all; what must not die is published when the shared queues' handlers are done."""
        current = traceparent()
        dealt_with: list[asyncio.Future[None]] = []
        refused: list[Outgoing] = []
        for message in messages:
            bound = self._bound(Binding(exchange, message.key))
            if any(queue.full for queue in bound):
                refused.append(message)
                continue
            for queue in bound:
                entry = entry_of(message, current)
                if exchange in _MUST_NOT_DIE and not queue.queue.private:
                    entry.done = asyncio.get_running_loop().create_future()
                    dealt_with.append(entry.done)
                queue.put(entry)
        if dealt_with:
            await asyncio.gather(*dealt_with)
        if refused:
            raise Full(refused)

    async def put(self, queue: str, message: Outgoing) -> None:
        """Queue a message and wait until it was dealt with."""
        target = self._queues.get(queue)
        if target is None:
            raise Unroutable(f"there is no queue {queue}")
        entry = entry_of(message, traceparent())
        entry.done = asyncio.get_running_loop().create_future()
        target.put(entry)
        await entry.done

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> "LocalConsumer":
        """Call `handler` for each message, up to `prefetch` at a time."""
        return self.take(queue, wrap(self, queue, handler), prefetch=prefetch)

    def take(self, queue: Queue, handler: Handler, *, prefetch: int) -> "LocalConsumer":
        """As `consume`, but all that `middleware` does is up to `handler`."""
        return LocalConsumer(self._queue(queue), handler, prefetch)

    async def depth(self, queue: Queue) -> int:
        """How many messages wait in the queue."""
        return len(self._queue(queue))

    def healthy(self) -> bool:
        """A local bus is."""
        return True

    async def lost(self) -> None:
        """Never: it ends with this process."""
        await asyncio.Event().wait()

    def forget(self, queue: Queue) -> None:
        """Drop a private queue, whose process is gone."""
        local = self._queues.pop(queue.name, None)
        if local is not None:
            local.close()

    async def close(self) -> None:
        """Drop every timer."""
        for queue in self._queues.values():
            queue.close()

    def _queue(self, queue: Queue) -> LocalQueue:
        found = self._queues.get(queue.name)
        if found is None:
            found = self._queues[queue.name] = LocalQueue(queue, self._expire, self._give_up)
        return found

    def _bound(self, to: Binding) -> list[LocalQueue]:
        found = [
            local
            for local in self._queues.values()
            if any(matches(binding, to) for binding in local.queue.bindings)
        ]
        if not found and to.exchange in {Exchange.JOBS, Exchange.RESULTS}:
            raise Unroutable(f"no queue is bound to {to.exchange} for {to.key}")
        return found

    def _expire(self, queue: Queue, entry: Entry) -> None:
        if queue.expired is not None:
            for bound in self._bound(queue.expired):
                bound.put(Entry(entry.message, done=entry.done))

    def _give_up(self, queue: Queue, entry: Entry) -> None:
        """What killed its consumers too often goes where RabbitMQ would have it."""
        if queue.expired is not None or queue.fleeting:
            self._expire(queue, entry)
            return
        parked = entry_of(parking.limited(queue, entry.message), None)
        parked.done = entry.done
        for bound in self._bound(Binding(Exchange.DEAD, queue.name)):
            bound.put(parked)


class LocalConsumer:
    """See `vedette.bus.api.Consumer`."""

    def __init__(self, source: LocalQueue, handler: Handler, prefetch: int) -> None:
        self._source = source
        self._handler = handler
        self._places = asyncio.Semaphore(prefetch)
        self._running: set[asyncio.Task[None]] = set()
        self._taking = asyncio.create_task(self._take(), name=f"consume {source.queue.name}")

    async def stop(self, *, drain_s: float) -> None:
        """Take no more, let handlers end, give back what hasn't ended."""
        await self.take_no_more()
        await drain(self._running, drain_s)

    async def take_no_more(self) -> None:
        """Leave to others what comes from now on."""
        self._taking.cancel()
        await asyncio.gather(self._taking, return_exceptions=True)

    async def _take(self) -> None:
        while True:
            await self._places.acquire()
            entry = await self._source.get()
            task = asyncio.create_task(self._handle(entry))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _handle(self, entry: Entry) -> None:
        try:
            await self._handler(entry.message)
        except asyncio.CancelledError:
            self._source.give_back(entry)
            raise
        finally:
            self._places.release()
        if entry.done is not None and not entry.done.done():
            entry.done.set_result(None)
