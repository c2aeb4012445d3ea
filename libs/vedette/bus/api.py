"""What services may ask of the bus, whichever implementation carries it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from vedette.core.errors import Transient

DELIVERY_LIMIT = 20
"""How often a message may come back from consumers that died with it, before it is parked."""


class Exchange(StrEnum):
    """Where messages are published. Each is a topic exchange: `*` is a word, `#` any words."""

    JOBS = "vedette.jobs"
    RESULTS = "vedette.results"
    EVENTS = "vedette.events"
    DEAD = "vedette.dead"


@dataclass(frozen=True, slots=True)
class Binding:
    """An exchange and a routing key or pattern."""

    exchange: Exchange
    key: str


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may wait in a queue; what is published beyond is refused."""

    messages: int
    octets: int


@dataclass(frozen=True, slots=True)
class Retention:
    """How long messages stay in a stream, and how much of them."""

    age_s: int
    octets: int


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as a value. Declaring it twice is harmless.

    `private` queues belong to one process and vanish with it; the others are durable and shared
    by every process that consumes them. Messages whose time to live runs out unread go to
    `expired`, if it is given. A `fleeting` queue just drops them: they told what stood then.
    Events are never refused, so queues of them have no `limit`. One with `retention` is a stream:
    nobody takes its messages away, and each reader begins where it likes.
    """

    name: str
    bindings: tuple[Binding, ...]
    private: bool = False
    expired: Binding | None = None
    fleeting: bool = False
    limit: Limit | None = None
    retention: Retention | None = None

    @property
    def last_resort(self) -> bool:
        """Whether it holds what was parked, for which there is nowhere else to go."""
        return any(binding.exchange is Exchange.DEAD for binding in self.bindings)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish. `ttl_ms` is how long it may wait unread."""

    key: str
    body: bytes
    id: str | None = None
    traceparent: str | None = None
    reply_to: str | None = None
    ttl_ms: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a handler gets it. `attempt` counts deliveries to consumers, from 1."""

    key: str
    body: bytes
    id: str | None = None
    traceparent: str | None = None
    reply_to: str | None = None
    attempt: int = 1
    headers: dict[str, str] = field(default_factory=dict)


class Unroutable(Transient):
    """No queue takes a message that must not get lost: a job, a result, or one that is put."""


class Full(Transient):
    """Queues are full: these messages were refused, all others are out."""

    def __init__(self, refused: Sequence[Outgoing]) -> None:
        super().__init__(f"queues are full: {len(refused)} messages refused")
        self.refused = refused


Handler = Callable[[Message], Awaitable[None]]


class Consumer(Protocol):
    """A running consumer."""

    async def stop(self, *, drain_s: float) -> None:
        """Take no more messages, let running handlers end within `drain_s`, then return.

        What hasn't ended by then is given back for another consumer.
        """
        ...


class Bus(Protocol):
    """Publish and consume, at least once.

    A handler that returns has dealt with its message; one that raises Transient is called again
    until it succeeds; one that raises anything else has its message parked on `vedette.dead`
    (at once for Permanent, after a few tries otherwise).
    """

    durable: ClassVar[bool]
    """Whether messages survive the death of this process."""

    async def declare(self, *queues: Queue) -> None:
        """Make sure the queues exist and are bound."""
        ...

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        """Publish all; returns when the bus has taken responsibility for every one.

        Raises Full, with what full queues refused. Raises any other Transient if it can't: none,
        some or all may have gone out. Raises Unroutable if no queue takes a job or a result; an
        event without listeners is fine.
        """
        ...

    async def put(self, queue: str, message: Outgoing) -> None:
        """Put a message into the one queue of this name, past all exchanges.

        Returns when the bus has taken responsibility for it. Raises Unroutable if there is no such
        queue, else Transient if it can't.
        """
        ...

    async def consume(self, queue: Queue, handler: Handler, *, prefetch: int) -> Consumer:
        """Call `handler` for each message, up to `prefetch` at a time."""
        ...

    async def depth(self, queue: Queue) -> int:
        """How many messages wait in the queue. Raises Transient."""
        ...

    def healthy(self) -> bool:
        """Whether messages can flow now."""
        ...

    async def lost(self) -> None:
        """Returns when the bus is gone for good; never, if it comes back by itself."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
