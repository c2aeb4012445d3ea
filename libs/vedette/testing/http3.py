"""A server that speaks HTTP/3 and nothing else, and that can fail in the ways of QUIC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection
from aioquic.h3.events import DataReceived, H3Event, Headers, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vedette.testing.ports import free_port

Ending = Literal["finish", "hang", "reset", "close"]


@dataclass
class Http3Server:
    """What it says, how that ends, and what it was asked.

    `finish` is an answer as it should be. After head and body, `hang` goes silent, `reset` breaks
    the stream and `close` the connection. `hang` without a body does not answer at all.
    """

    port: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    ending: Ending = "finish"
    requests: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.port}/"


class _Connection(QuicConnectionProtocol):
    server: Http3Server
    _http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        for happened in self._http.handle_event(event) if self._http is not None else ():
            self._take(happened)
        self.transmit()

    def _take(self, event: H3Event) -> None:
        server = self.server
        if isinstance(event, HeadersReceived):
            server.requests.append({name.decode(): value.decode() for name, value in event.headers})
            server.bodies.append(b"")
        elif isinstance(event, DataReceived):
            server.bodies[-1] += event.data
        if isinstance(event, HeadersReceived | DataReceived) and event.stream_ended:
            self._answer(event.stream_id)

    def _answer(self, stream: int) -> None:
        server, http = self.server, self._http
        assert http is not None
        if server.ending == "hang" and not server.body:
            return
        fields = {":status": str(server.status), **server.headers}
        head: Headers = [(name.encode(), value.encode()) for name, value in fields.items()]
        http.send_headers(stream, head)
        http.send_data(stream, server.body, server.ending == "finish")
        self.transmit()
        if server.ending == "reset":
            self._quic.reset_stream(stream, ErrorCode.H3_INTERNAL_ERROR)
        elif server.ending == "close":
            self._quic.close(ErrorCode.H3_INTERNAL_ERROR, reason_phrase="enough")


@asynccontextmanager
async def serving_http3(
    pem: bytes, *, protocols: Sequence[str] = tuple(H3_ALPN), host: str = "127.0.0.1"
) -> AsyncIterator[Http3Server]:
    """A running server with the key and certificates in `pem`, offering `protocols` (ALPN)."""
    server = Http3Server(free_port())
    own, *chain = x509.load_pem_x509_certificates(pem)
    configuration = QuicConfiguration(is_client=False, alpn_protocols=list(protocols))
    configuration.certificate = own
    configuration.certificate_chain = chain
    configuration.private_key = load_pem_private_key(pem, None)
    speaking = type("_Speaking", (_Connection,), {"server": server})
    running = await serve(host, server.port, configuration=configuration, create_protocol=speaking)
    try:
        yield server
    finally:
        running.close()
