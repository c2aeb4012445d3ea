"""WebSocket servers: the one of the library, and ones that say what they are told."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.prober.talking import Talk, talking
from websockets.asyncio.server import ServerConnection, serve

from vedette.core.kinds.websocket import WebSocketTarget
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.websocket import WebSocketProbe

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


async def websocket(context: Context, port: int, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Check a port of this machine by kind websocket."""
    definition = WebSocketTarget.model_validate({"url": f"ws://127.0.0.1:{port}/", **target})
    return await WebSocketProbe(definition).probe(context, timeout_s)


async def echo(connection: ServerConnection) -> None:
    """Say what is said."""
    async for message in connection:
        await connection.send(message)


@asynccontextmanager
async def websockets(
    handler: Callable[[ServerConnection], Awaitable[None]] = echo,
    *,
    tls: ssl.SSLContext | None = None,
    **options: Any,
) -> AsyncIterator[int]:
    """The library's server, on the port that is yielded."""
    async with serve(handler, "127.0.0.1", 0, ssl=tls, **options) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def accept_for(request: bytes) -> bytes:
    """The Sec-WebSocket-Accept that answers a request."""
    found = re.search(rb"(?i)sec-websocket-key: *([^\r]+)", request)
    assert found is not None
    return base64.b64encode(hashlib.sha1(found[1] + _MAGIC).digest())


def agreeing(*frames: bytes, headers: bytes = b"", stay: bool = True) -> Talk:
    """Agree to the upgrade, say some frames, and stay or leave."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        accept = b"Sec-WebSocket-Accept: " + accept_for(request) + b"\r\n"
        writer.write(SWITCHING + accept + headers + b"\r\n" + b"".join(frames))
        await writer.drain()
        if stay:
            await reader.read(100)  # our goodbye, or a message
            await reader.read()

    return talk


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that says one thing to whatever it is asked, and stays."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await reader.read()

    async with talking(talk) as port:
        yield port


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """One frame of a server's."""
    size = len(payload)
    if size < 126:
        length = bytes([size])
    elif size < 65_536:
        length = b"\x7e" + size.to_bytes(2)
    else:
        length = b"\x7f" + size.to_bytes(8)
    return bytes([(0x80 if fin else 0) | opcode]) + length + payload
