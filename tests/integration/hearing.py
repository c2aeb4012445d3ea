"""Queues of a test's own, and who hears what comes to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from vedette.bus.api import (
    Binding,
    Bus,
    Exchange,
    Message,
    Queue,
)
from vedette.bus.consuming import consuming


class Heard:
    """A handler that keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.messages]


def queue(*keys: str, exchange: Exchange = Exchange.JOBS, **fields: object) -> Queue:
    """A queue nobody else uses, bound by `keys` below a word of its own."""
    name = f"test-{uuid4().hex[:12]}"
    bindings = tuple(Binding(exchange, key.replace("~", name)) for key in keys or ("~",))
    return Queue(name, bindings, **fields)  # type: ignore[arg-type]


@asynccontextmanager
async def listening(
    bus: Bus, to: Queue, handler: Callable[[Message], object], *, prefetch: int = 10
) -> AsyncIterator[None]:
    async with consuming(bus, {to: handler}, prefetch=prefetch, drain_s=5):  # type: ignore[dict-item]
        yield
