"""Targets and jobs for the prober's tests."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import orjson
import pytest

from vedette.bus.api import Exchange, Outgoing
from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.core.result import ResultBatch
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.http import HttpProbe

each_bad_certificate = pytest.mark.parametrize(
    ("flavour", "reason"),
    [
        ("expired", Reason.TLS_EXPIRED),
        ("self_signed", Reason.TLS_SELF_SIGNED),
        ("wrong_host", Reason.TLS_HOSTNAME),
        ("untrusted", Reason.TLS_UNTRUSTED),
    ],
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def time_for(reason: Reason | None) -> float:
    """Seconds for a check: enough for a busy machine, unless their end is what is tested."""
    return 0.3 if reason is Reason.TIMEOUT else 5


async def look(context: Context, url: str, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Probe a URL once."""
    return await HttpProbe(HttpTarget(url=url, **target)).probe(context, timeout_s)


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """A plain answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass
class Server:
    """What it was asked, and where it is."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    open_now: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def header(self, name: str, request: int = -1) -> str | None:
        """A header of one of the requests."""
        for line in self.requests[request].decode().split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def line(self, request: int = -1) -> str:
        """The request line."""
        return self.requests[request].decode().split("\r\n")[0]


@asynccontextmanager
async def serving(
    says: bytes | Script,
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Server]:
    """A server that reads a request and then says some bytes or follows a script."""
    server = Server()
    handlers: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.open_now += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = [h for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")]
            body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
            server.requests.append(head + body)
            server.arrived.set()
            if isinstance(says, bytes):
                writer.write(says)
                await writer.drain()
            else:
                await until_gone(says(head, writer), reader)
        writer.close()
        server.open_now -= 1
        server.gone.set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(converse(reader, writer))
        handlers.add(task)
        task.add_done_callback(handlers.discard)
        task.add_done_callback(lambda _: writer.close())

    listener = await asyncio.start_server(connected, host, port, ssl=tls, backlog=2048)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def until_gone(script: Awaitable[None], reader: asyncio.StreamReader) -> None:
    """Follow a script until the other side has had enough."""
    tasks = [asyncio.ensure_future(script), asyncio.ensure_future(reader.read())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hang(_request: bytes, _writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def accepting(meet: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[int]:
    """A server that deals with each connection without reading; yields its port."""

    async def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        meet(writer)

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Names(asyncio.DatagramProtocol):
    """A name server: addresses or an rcode's name by host; None is silence."""

    def __init__(self, records: Mapping[str, list[str] | str | None]) -> None:
        self.records = records
        self.asked: list[str] = []
        self.ttl = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        said = self.records.get(name, "NXDOMAIN")
        if said is None:
            return
        response = dns.message.make_response(query, recursion_available=True)
        if isinstance(said, str):
            response.set_rcode(dns.rcode.from_text(said))
        else:
            self._fill(response, said)
        self.transport.sendto(response.to_wire(), addr)  # type: ignore[attr-defined]

    def _fill(self, response: dns.message.Message, addresses: list[str]) -> None:
        question = response.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        fitting = [a for a in addresses if (":" in a) is (kind == "AAAA")]
        if fitting and kind in {"A", "AAAA"}:
            response.answer.append(
                dns.rrset.from_text(question.name, self.ttl, "IN", kind, *fitting)
            )


@asynccontextmanager
async def naming(records: Mapping[str, list[str] | str | None]) -> AsyncIterator[tuple[Names, str]]:
    """A running name server and its address."""
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(lambda: Names(records), ("127.0.0.1", 0))
    try:
        yield names, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


def a_job(
    url: str = "http://127.0.0.1:1/",
    *,
    monitor_id: UUID | None = None,
    revision: int = 1,
    late_ms: int = 0,
    start_within_ms: int = 60_000,
    timeout_s: float = 5,
    **definition: Any,
) -> dict[str, Any]:
    """One job, as the scheduler writes it."""
    slot = int(time.time() * 1000) - late_ms
    return {
        "monitor_id": str(monitor_id or uuid4()),
        "revision": revision,
        "slot": slot,
        "run_by": slot + start_within_ms,
        "definition": {
            "kind": "http",
            "target": {"url": url},
            "timeout_s": timeout_s,
            "degraded_after_ms": None,
            "assertions": [],
            **definition,
        },
    }


def a_batch(*jobs: dict[str, Any]) -> bytes:
    """A message's body."""
    return orjson.dumps({"region": "default", "jobs": list(jobs)})


class FakeBus:
    """Keeps what is published; fails as told."""

    def __init__(self) -> None:
        self.sent: list[tuple[Exchange, Outgoing]] = []
        self.failing: list[Exception] = []
        self.tried = asyncio.Event()

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        self.tried.set()
        if self.failing:
            raise self.failing.pop(0)
        self.sent += [(exchange, message) for message in messages]

    def batches(self) -> list[ResultBatch]:
        return [ResultBatch.model_validate_json(message.body) for _, message in self.sent]
