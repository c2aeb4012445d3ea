"""A name server that says what a test tells it to, over UDP and TCP."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

TTL_S = 1
_ERRORS = {"NXDOMAIN": dns.rcode.NXDOMAIN, "SERVFAIL": dns.rcode.SERVFAIL}

# An address, `TYPE data` ("MX 10 mail.example."), several of them, or one of the words
# NXDOMAIN, SERVFAIL and SILENT (no answer at all).
Record = str | Sequence[str]


@dataclass
class NameServer:
    """What is known (`records`, changeable at any time), and what was asked (`queries`)."""

    records: dict[str, Record]
    port: int
    queries: list[tuple[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it listens, as "host:port"."""
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes) -> bytes | None:
        """The answer to a query; None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.queries.append((name, dns.rdatatype.to_text(question.rdtype)))
        record = self._record(name)
        if record == "SILENT":
            return None
        response = dns.message.make_response(query, recursion_available=True)
        response.flags |= dns.flags.AA
        if isinstance(record, str) and record in _ERRORS:
            response.set_rcode(_ERRORS[record])
        else:
            _fill(response, record)
        return response.to_wire()

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Queries over TCP, which carry their length in front."""
        while header := await reader.read(2):
            answer = self.answer(await reader.readexactly(int.from_bytes(header, "big")))
            if answer is not None:
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()

    def _record(self, name: str) -> Record:
        known: Mapping[str, Record] = {
            key.lower().rstrip("."): record for key, record in self.records.items()
        }
        return known.get(name, "NXDOMAIN")


def _fill(response: dns.message.Message, record: Record) -> None:
    """The data of the type that was asked for: none is an answer too."""
    question = response.question[0]
    for entry in [record] if isinstance(record, str) else record:
        kind, data = _typed(entry)
        if question.rdtype in (kind, dns.rdatatype.ANY) or kind == dns.rdatatype.CNAME:
            found = dns.rrset.from_text(
                question.name, TTL_S, "IN", dns.rdatatype.to_text(kind), data
            )
            response.answer.append(found)


def _typed(entry: str) -> tuple[dns.rdatatype.RdataType, str]:
    kind, _, data = entry.partition(" ")
    if data:
        return dns.rdatatype.from_text(kind), data
    is_v4 = ip_address(entry).version == 4
    return (dns.rdatatype.A if is_v4 else dns.rdatatype.AAAA), entry


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: Python 3.11's own class is no subclass of it.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        answer = self._server.answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def running_nameserver(records: Mapping[str, Record]) -> AsyncIterator[NameServer]:
    """A name server for `records`; every other name does not exist."""
    server = NameServer(dict(records), free_port())
    here = ("127.0.0.1", server.port)
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(server), here)
    try:
        async with Listener(server.converse, port=server.port):
            yield server
    finally:
        datagrams.close()
