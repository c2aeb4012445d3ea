"""What goes over the socket between the process that has the local bus and those that use it.

A frame is two lengths (4 bytes each, network order), then a head in JSON of the first length and a
body of the second: the bodies of the head's `messages`, one after the other. In the head there
stands in the place of each how long it is. Requests with a `number` are answered under it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import orjson
from pydantic import Field, PositiveInt, TypeAdapter, ValidationError

from vedette.bus.api import Exchange, Message, Outgoing, Queue
from vedette.core.errors import Permanent

SCHEME = "unix://"
"""What the URL of such a bus begins with; the socket's path follows."""
BEAT_S = 5
"""Seconds between two signs of life of a process that uses the bus."""
READ_AHEAD = 2**20
"""Bytes of a connection to read before they are asked for: room for some messages."""
MOST_OCTETS = 64 * 2**20
"""A frame that is longer is none of ours."""
_LENGTHS = struct.Struct("!II")

T = TypeVar("T")


class Garbage(Exception):
    """What came in can't be from Vedette."""


@dataclass(frozen=True, slots=True)
class Declare:
    """See `Bus.declare`."""

    number: int
    queues: list[Queue]
    do: Literal["declare"] = "declare"


@dataclass(frozen=True, slots=True)
class Publish:
    """See `Bus.publish`."""

    number: int
    exchange: Exchange
    messages: list[Outgoing]
    do: Literal["publish"] = "publish"


@dataclass(frozen=True, slots=True)
class Put:
    """See `Bus.put`."""

    number: int
    queue: str
    messages: tuple[Outgoing]
    do: Literal["put"] = "put"


@dataclass(frozen=True, slots=True)
class Consume:
    """See `Bus.consume`. Its number names the consumer from then on."""

    number: int
    queue: Queue
    prefetch: PositiveInt
    do: Literal["consume"] = "consume"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Deliver no more to this consumer; what it has is settled as before."""

    number: int
    consumer: int
    do: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class Depth:
    """See `Bus.depth`."""

    number: int
    queue: Queue
    do: Literal["depth"] = "depth"


@dataclass(frozen=True, slots=True)
class Settle:
    """A delivery is dealt with, or else is given back for another consumer."""

    tag: int
    done: bool
    do: Literal["settle"] = "settle"


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life."""

    do: Literal["beat"] = "beat"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request ended: well, or with an error of this name."""

    number: int
    depth: int = 0
    error: str | None = None
    text: str = ""
    refused: list[int] = field(default_factory=list)
    """Of the messages, by their place, those that full queues did not take."""
    do: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message for a consumer, to be settled under this tag."""

    tag: int
    consumer: int
    messages: tuple[Message]
    do: Literal["deliver"] = "deliver"


Asking: TypeAlias = Declare | Publish | Put | Consume | Cancel | Depth
Request: TypeAlias = Asking | Settle | Beat
Reply: TypeAlias = Answer | Deliver
REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])
REPLIES: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="do")])


def frame(said: Request | Reply) -> bytes:
    """As it goes over the socket. Raises Permanent if it is too long."""
    bodies: list[bytes] = []

    def length(body: Any) -> int:
        bodies.append(body)
        return len(body)

    head = orjson.dumps(said, default=length)
    lengths = len(head), sum(map(len, bodies))
    if sum(lengths) > MOST_OCTETS:
        raise Permanent(f"{sum(lengths)} bytes are more than the bus takes at once: {MOST_OCTETS}")
    return b"".join((_LENGTHS.pack(*lengths), head, *bodies))


async def frames(reader: asyncio.StreamReader, of: TypeAdapter[T]) -> AsyncIterator[T]:
    """All that comes in, until the other end is gone. Raises Garbage."""
    try:
        while True:
            head, body = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
            if head + body > MOST_OCTETS:
                raise Garbage(f"a frame of {head + body} bytes, more than {MOST_OCTETS}")
            yield _read(await reader.readexactly(head), await reader.readexactly(body), of)
    except (asyncio.IncompleteReadError, ConnectionError):
        return


def _read(head: bytes, body: bytes, of: TypeAdapter[T]) -> T:
    try:
        said, at = orjson.loads(head), 0
        for message in said.get("messages", ()):
            end = at + message["body"]
            message["body"], at = body[at:end], end
        if at != len(body):
            raise Garbage(f"a body of {len(body)} bytes for messages of {at}")
        return of.validate_python(said)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Garbage(f"no frame of ours: {type(error).__name__}: {error}") from error
