"""Which bus: RabbitMQ where a URL is given, else the one inside this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vedette.bus.api import Bus
from vedette.bus.local import LocalBus
from vedette.bus.topology import SHARED


@asynccontextmanager
async def open_bus(url: str | None) -> AsyncIterator[Bus]:
    """The bus, closed on exit. Raises Transient if RabbitMQ can't be reached."""
    bus: Bus
    if url is None:
        bus = LocalBus()
    else:
        from vedette.bus.amqp import AmqpBus

        bus = await AmqpBus.connect(url)
    try:
        await bus.declare(*SHARED)
        yield bus
    finally:
        await bus.close()
