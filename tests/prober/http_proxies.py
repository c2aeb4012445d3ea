"""Small proxies on loopback, for the tests of kind http."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Proxy:
    """What it was asked for, and how it behaves."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    says: bytes | None = None
    """To be said instead of doing anything."""
    names: dict[str, str] = field(default_factory=dict)
    socks_reply: int = 0
    first: list[Literal["refuse", "hang", "mute"]] = field(default_factory=list)
    """What it does instead of connecting, each time once; `mute` is to say that it has."""

    async def _may_connect(self) -> bool:
        if not self.first:
            return True
        if self.first.pop(0) == "hang":
            await asyncio.Event().wait()
        return False

    async def http(self, client: Streams) -> None:
        """CONNECT, or a request to be passed on."""
        reader, writer = client
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n")[0].decode().split()
        self.asked.append(f"{method} {target}")
        if self.says is not None:
            writer.write(self.says)
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host = parts.hostname or ""
        if self.first[:1] == ["mute"]:
            self.first.pop(0)
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.Event().wait()
        if not await self._may_connect():
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        there = await asyncio.open_connection(self.names.get(host, host), parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n")
        else:
            there[1].write(head.replace(target.encode(), b"/", 1))
        await _join(client, there)

    async def socks5(self, client: Streams) -> None:
        """RFC 1928, and RFC 1929 where a name is offered."""
        reader, writer = client
        methods = await reader.readexactly((await reader.readexactly(2))[1])
        named = 2 in methods
        writer.write(b"\x05\x02" if named else b"\x05\x00")
        if named:
            user = await reader.readexactly((await reader.readexactly(2))[1])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            self.heads.append(user + b":" + password)
            writer.write(b"\x01\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(host)
        reply = self.socks_reply if await self._may_connect() else 5
        writer.write(bytes([5, reply, 0, 1]) + bytes(6))
        if not reply:
            await _join(client, await asyncio.open_connection(self.names.get(host, host), port))

    async def socks4(self, client: Streams) -> None:
        """SOCKS 4, and 4A where a name stands behind an address that is none."""
        reader, writer = client
        head = await reader.readexactly(8)
        self.heads.append((await reader.readuntil(b"\0"))[:-1])
        host = str(ip_address(head[4:]))
        if host.startswith("0.0.0."):
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        self.asked.append(host)
        granted = not self.socks_reply and await self._may_connect()
        writer.write(bytes([0, 90 if granted else 91]) + bytes(6))
        if granted:
            port = int.from_bytes(head[2:4], "big")
            await _join(client, await asyncio.open_connection(self.names.get(host, host), port))


@asynccontextmanager
async def proxying(
    kind: str = "http", *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Proxy]:
    """A running proxy."""
    proxy = Proxy(port=free_port())
    speak: Callable[[Streams], Awaitable[None]] = getattr(proxy, kind)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await speak((reader, writer))

    async with Listener(converse, port=proxy.port, tls=tls):
        yield proxy


async def _join(one: Streams, other: Streams) -> None:
    ways: list[asyncio.Future[None]] = []
    try:
        ways += [
            asyncio.ensure_future(_pump(one[0], other[1])),
            asyncio.ensure_future(_pump(other[0], one[1])),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        other[1].transport.abort()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(65_536):
        sink.write(piece)
        await sink.drain()
