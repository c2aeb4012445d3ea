"""Which bus: on RabbitMQ or of another process here, as a URL says, else the one inside this."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.api import Bus, Retention
from vedette.bus.local import LocalBus
from vedette.bus.remote import RemoteBus
from vedette.bus.topology import SHARED, events_stream
from vedette.bus.wire import SCHEME


@asynccontextmanager
async def open_bus(url: str | None, *, retention: Retention | None = None) -> AsyncIterator[Bus]:
    """The bus, closed on exit. Raises Transient if RabbitMQ can't be reached.

    Raises OSError if the process is gone that `unix://PATH` belongs to. With `retention`, who
    publishes events on RabbitMQ keeps them in a stream for so long.
    """
    bus = await _connected(url)
    try:
        await bus.declare(*SHARED)
        if bus.durable and retention is not None:
            await bus.declare(events_stream(retention))
        yield bus
    finally:
        await bus.close()


async def _connected(url: str | None) -> Bus:
    if url is None:
        return LocalBus()
    if url.startswith(SCHEME):
        return await RemoteBus.connect(url)
    from vedette.bus.amqp import AmqpBus

    return await AmqpBus.connect(url)
