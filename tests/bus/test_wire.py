"""Frames between the process that has the local bus and those that use it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import TypeAdapter

from vedette.bus import wire
from vedette.bus.api import Binding, Exchange, Limit, Message, Outgoing, Queue
from vedette.bus.wire import REPLIES, REQUESTS, Garbage, Request, frame, frames
from vedette.core.errors import Permanent

QUEUE = Queue(
    "jobs.x",
    (Binding(Exchange.JOBS, "x"), Binding(Exchange.JOBS, "y.#")),
    expired=Binding(Exchange.RESULTS, "expired"),
    limit=Limit(5, 2**20),
)
WHOLE = Outgoing("k", b"\x00{}\xff", "7", "00-a-b-01", "somewhere", 50, {"x": "y"})
RECEIVED = Message("k", b"body", "7", "00-a-b-01", "somewhere", 3, {"x": "y"})
EMPTY = Outgoing("k", b"")


async def read(octets: bytes, of: TypeAdapter[Any] = REQUESTS) -> list[Any]:
    reader = asyncio.StreamReader()
    reader.feed_data(octets)
    reader.feed_eof()
    return [one async for one in frames(reader, of)]


@pytest.mark.parametrize(
    "said",
    [
        wire.Declare(1, [QUEUE, Queue("own", (), private=True)]),
        wire.Publish(2, Exchange.EVENTS, [WHOLE, EMPTY, WHOLE]),
        wire.Put(3, "jobs.x", (WHOLE,)),
        wire.Consume(4, QUEUE, 500),
        wire.Cancel(5, 4),
        wire.Depth(6, QUEUE),
        wire.Settle(7, done=True),
        wire.Beat(),
    ],
    ids=lambda said: type(said).__name__,
)
async def test_requests_come_out_as_they_went_in(said: Request) -> None:
    assert await read(2 * frame(said)) == [said, said]


@pytest.mark.parametrize(
    "said",
    [
        wire.Answer(1, depth=3),
        wire.Answer(1, error="Full", text="no", refused=[0, 2]),
        wire.Deliver(1, 2, (RECEIVED,)),
    ],
)
async def test_replies_come_out_as_they_went_in(said: wire.Reply) -> None:
    assert await read(frame(said), REPLIES) == [said]


def framed(head: bytes, body: bytes = b"") -> bytes:
    return len(head).to_bytes(4) + len(body).to_bytes(4) + head + body


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        framed(b"not json"),
        framed(b"[]"),
        framed(b'{"do":"no such thing"}'),
        framed(b'{"do":"beat"}', b"a body of nothing"),
        framed(b'{"do":"consume","number":1,"prefetch":0,"queue":{"name":"q","bindings":[]}}'),
        framed(b'{"do":"publish","number":1,"exchange":"elsewhere","messages":[]}'),
        framed(b'{"do":"put","number":1,"queue":"q","messages":[{"key":"k","body":9}]}', b"short"),
        framed(b'{"do":"put","number":1,"queue":"q","messages":[{"key":"k","body":-1}]}', b"x"),
        framed(b'{"do":"put","number":1,"queue":"q","messages":[{"key":7,"body":1}]}', b"x"),
        framed(b'{"do":"put","number":1,"queue":"q","messages":7}'),
    ],
)
async def test_all_else_is_garbage(octets: bytes) -> None:
    with pytest.raises(Garbage):
        await read(octets)


async def test_a_frame_that_breaks_off_is_the_end() -> None:
    whole = frame(wire.Publish(2, Exchange.JOBS, [WHOLE]))
    assert len(await read(whole + whole[:-1])) == 1


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(Permanent, match="more than the bus takes"):
        frame(wire.Publish(2, Exchange.JOBS, [Outgoing("k", bytes(wire.MOST_OCTETS))]))
