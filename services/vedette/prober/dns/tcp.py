"""A question over a connection, in the clear or within TLS (RFC 7766, RFC 7858)."""

import asyncio
from dataclasses import dataclass

from vedette.core.outcome import Reason
from vedette.core.tls import HandshakeOptions
from vedette.prober.dns.message import Malformed, Reply, decode
from vedette.prober.dns.query import Query
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream
from vedette.prober.streams.visit import Visit

_LENGTH = 2


@dataclass(slots=True)
class Conversation:
    """One question and its answer."""

    query: Query
    tls: HandshakeOptions | None
    reply: Reply | None = None

    async def __call__(self, visit: Visit) -> None:
        """Have it, once the connection is made. Raises Stopped."""
        if self.tls is not None:
            await visit.secure(self.tls)
        peer = visit.place.peer
        visit.course.converse("question")
        await visit.stream.send(len(self.query.wire).to_bytes(_LENGTH, "big") + self.query.wire)
        self.reply = reply_of(self.query, await _message(visit.stream, peer), peer)


async def ask(query: Query, tls: HandshakeOptions | None, visit: Visit, within_s: float) -> Reply:
    """The answer that comes within `within_s` seconds. Raises Stopped."""
    conversation = Conversation(query, tls)
    try:
        async with asyncio.timeout(within_s):
            trouble = (await visit.go(conversation)).trouble
    except TimeoutError:
        trouble = visit.course.late()
    if trouble is not None:
        raise Stopped(trouble.reason, trouble.message)
    assert conversation.reply is not None
    return conversation.reply


def reply_of(query: Query, wire: bytes, peer: str) -> Reply:
    """Decode what can only be the answer. Raises Stopped."""
    if not query.is_answered_by(wire):
        raise Stopped(Reason.PROTOCOL_ERROR, f"{peer} did not answer the question it was asked")
    try:
        return decode(wire)
    except Malformed as error:
        what = f"the answer of {peer} can't be decoded: {error}"
        raise Stopped(Reason.PROTOCOL_ERROR, what) from error


async def _message(stream: Stream, peer: str) -> bytes:
    size = await stream.exactly(_LENGTH)
    announced = int.from_bytes(size, "big") if len(size) == _LENGTH else 0
    wire = await stream.exactly(announced)
    if len(size) < _LENGTH or len(wire) < announced:
        when = "in the middle of its answer" if size else "without an answer"
        raise Stopped(Reason.PROTOCOL_ERROR, f"{peer} closed the connection {when}")
    return wire
