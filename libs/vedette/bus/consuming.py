"""Consuming several queues for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from vedette.bus.api import Bus, Consumer, Handler, Queue


@asynccontextmanager
async def consuming(
    bus: Bus, table: Mapping[Queue, Handler], *, prefetch: int, drain_s: float
) -> AsyncIterator[None]:
    """Consume each queue with its handler, up to `prefetch` messages of each at a time.

    At the end no more is taken, and what is under way has `drain_s` to end. Raises Transient.
    """
    consumers: list[Consumer] = []
    try:
        for queue, handler in table.items():
            consumers.append(await bus.consume(queue, handler, prefetch=prefetch))
        yield
    finally:
        await asyncio.gather(*(consumer.stop(drain_s=drain_s) for consumer in consumers))
