"""Name servers that do as a test says, down to the single datagram."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from vedette.core.kinds.dns import DnsTarget
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.dns import DnsProbe
from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

ADDRESS = "a.example. 60 IN A 192.0.2.1"
# What is sent for a query that came by "udp" or "tcp".
Script = Callable[[dns.message.Message, str], Sequence[bytes]]


@dataclass
class Asked:
    """What a server was asked."""

    port: int
    queries: list[tuple[str, dns.message.Message]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def transports(self) -> list[str]:
        return [transport for transport, _ in self.queries]


def response(
    query: dns.message.Message,
    *answer: str,
    authority: Sequence[str] = (),
    additional: Sequence[str] = (),
    rcode: str = "NOERROR",
    flags: int = 0,
) -> dns.message.Message:
    """An answer with these records."""
    made = dns.message.make_response(query)
    made.set_rcode(dns.rcode.from_text(rcode))
    made.flags |= flags
    for section, lines in (
        (made.answer, answer),
        (made.authority, authority),
        (made.additional, additional),
    ):
        section += [_record(line) for line in lines]
    return made


def says(*answer: str, **more: Any) -> Script:
    """A server that always answers the same."""
    return lambda query, _: [response(query, *answer, **more).to_wire(max_size=65_535)]


@asynccontextmanager
async def answering(
    script: Script, *, udp: bool = True, tcp: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Asked]:
    """A running server."""
    asked = Asked(free_port())

    async def converse(reader: StreamReader, writer: StreamWriter) -> None:
        while header := await reader.read(2):
            wire = await reader.readexactly(int.from_bytes(header, "big"))
            for said in _said(asked, script, wire, "tcp"):
                writer.write(len(said).to_bytes(2, "big") + said)
            await writer.drain()

    loop = asyncio.get_running_loop()
    listener = Listener(converse, port=asked.port, tls=tls)
    datagrams: asyncio.BaseTransport | None = None
    if udp:
        datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(asked, script), ("127.0.0.1", asked.port)
        )
    if tcp:
        await listener.listen()
    try:
        yield asked
    finally:
        await listener.close()
        if datagrams is not None:
            datagrams.close()


async def ask(context: Context, server: str | Asked, *, timeout_s: float = 5, **more: Any) -> Seen:
    """Probe once: for the addresses of a.example, unless told otherwise."""
    where = server.address if isinstance(server, Asked) else server
    target = DnsTarget.model_validate({"server": where, "name": "a.example", **more})
    return await DnsProbe(target).probe(context, timeout_s)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, asked: Asked, script: Script) -> None:
        self._asked = asked
        self._script = script

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for said in _said(self._asked, self._script, data, "udp"):
            self._transport.sendto(said, addr)


def _said(asked: Asked, script: Script, wire: bytes, transport: str) -> Sequence[bytes]:
    query = dns.message.from_wire(wire)
    asked.queries.append((transport, query))
    return script(query, transport)


def _record(line: str) -> dns.rrset.RRset:
    name, ttl, class_, type_, data = line.split(None, 4)
    return dns.rrset.from_text(name, int(ttl), class_, type_, data)


def silent(_query: dns.message.Message, _transport: str) -> Sequence[bytes]:
    return []
