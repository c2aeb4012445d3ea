"""Which bus: RabbitMQ where a URL is given, else the one inside this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.api import Bus, Retention
from vedette.bus.local import LocalBus
from vedette.bus.topology import SHARED, events_stream


@asynccontextmanager
async def open_bus(url: str | None, *, retention: Retention | None = None) -> AsyncIterator[Bus]:
    """The bus, closed on exit. Raises Transient if RabbitMQ can't be reached.

    With `retention`, who publishes events there keeps them in a stream for so long.
    """
    bus: Bus
    if url is None:
        bus = LocalBus()
    else:
        from vedette.bus.amqp import AmqpBus

        bus = await AmqpBus.connect(url)
    try:
        await bus.declare(*SHARED)
        if url is not None and retention is not None:
            await bus.declare(events_stream(retention))
        yield bus
    finally:
        await bus.close()
