"""A target that is up, or broken in whichever way a test wants it."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vedette.testing.certificates import Flavour, identity
from vedette.testing.http1 import Request, head, read_request
from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

GARBAGE = b"\x00\xff\x13SSH-2.0-not-http\r\n\r\n\x7f"
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Target:
    """A server whose `mode` may change at any time, even between two requests.

    `up` answers 200 and `body` · `status:<n>` that status · `hang` takes the request and never
    answers · `reset` breaks the connection at once · `redirect_loop` redirects for ever ·
    `garbage` answers something that is not HTTP · `slow` sends the body byte by byte, `pace`
    seconds apart · `truncated` promises more than it sends.
    """

    url: str
    port: int
    ca_file: Path | None = None
    body: bytes = b"all is well\n"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    pace: float = 0.2
    requests: list[Request] = field(default_factory=list)
    listener: Listener | None = None
    _mode: str = "up"

    @property
    def mode(self) -> str:
        """How the target behaves at the moment."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        name, _, number = mode.partition(":")
        if name not in MODES or (name == "status") != number.isdigit():
            raise ValueError(f"no such mode: {mode!r} (known: {', '.join(MODES)})")
        self._mode = mode

    async def refuse(self) -> None:
        """Close the port: connections are refused."""
        assert self.listener is not None
        await self.listener.close()

    async def listen(self) -> None:
        """Open the port again."""
        assert self.listener is not None
        await self.listener.listen()

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, of any number of requests."""
        if self.mode == "reset":
            return reset(writer)
        while (request := await read_request(reader)) is not None:
            self.requests.append(request)
            await asyncio.sleep(self.delay)
            again = await MODES[self.mode.partition(":")[0]](self, request, writer)
            await writer.drain()
            if request.last or not again:
                return None
        return None


async def _respond(target: Target, request: Request, writer: StreamWriter) -> bool:
    status = int(target.mode.partition(":")[2] or 200)
    bodiless = request.method == "HEAD" or status in {204, 304}
    writer.write(head(status, target.headers, length=len(target.body)))
    writer.write(b"" if bodiless else target.body)
    return True


async def _hang(target: Target, request: Request, writer: StreamWriter) -> bool:
    await asyncio.Event().wait()
    return False


async def _reset(target: Target, request: Request, writer: StreamWriter) -> bool:
    reset(writer)
    return False


async def _redirect(target: Target, request: Request, writer: StreamWriter) -> bool:
    path, _, number = request.path.partition("?hop=")
    location = f"{path}?hop={int(number or 0) + 1}"
    writer.write(head(302, {**target.headers, "Location": location}, length=0))
    return True


async def _garbage(target: Target, request: Request, writer: StreamWriter) -> bool:
    writer.write(GARBAGE)
    return False


async def _dribble(target: Target, request: Request, writer: StreamWriter) -> bool:
    writer.write(head(200, target.headers, length=len(target.body)))
    for byte in target.body:
        await writer.drain()
        await asyncio.sleep(target.pace)
        writer.write(bytes([byte]))
    return True


async def _truncate(target: Target, request: Request, writer: StreamWriter) -> bool:
    writer.write(head(200, target.headers, length=len(target.body) + 100))
    writer.write(target.body)
    return False


MODES: dict[str, Callable[[Target, Request, StreamWriter], Awaitable[bool]]] = {
    "up": _respond,
    "status": _respond,
    "hang": _hang,
    "reset": _reset,
    "redirect_loop": _redirect,
    "garbage": _garbage,
    "slow": _dribble,
    "truncated": _truncate,
}


def reset(writer: StreamWriter) -> None:
    """Close a connection with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
    writer.transport.abort()


@asynccontextmanager
async def running_target(
    *, tls: Flavour | None = None, hosts: Sequence[str] = ()
) -> AsyncIterator[Target]:
    """A target over HTTP, or over HTTPS with a certificate of the given flavour.

    The certificate is for localhost, 127.0.0.1 and `hosts`; clients trust `ca_file`.
    """
    port = free_port()
    with ExitStack() as stack:
        own = stack.enter_context(identity(tls, hosts=hosts)) if tls else None
        scheme = "https" if own else "http"
        target = Target(f"{scheme}://127.0.0.1:{port}/", port, own.ca_file if own else None)
        context = own.context if own else None
        async with Listener(target.converse, port=port, tls=context) as target.listener:
            yield target
