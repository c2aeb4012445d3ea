"""Servers that talk by a script, and certificates in any shape, for the kinds over TCP."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from vedette.core.kinds.tcp import TcpTarget
from vedette.core.kinds.tls import TlsTarget
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.tcp import TcpProbe
from vedette.prober.probes.tls import TlsProbe

Talk = Callable[[StreamReader, StreamWriter], Awaitable[None]]
DAY = dt.timedelta(days=1)


async def tcp(context: Context, port: int, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Check a port of this machine by kind tcp."""
    definition = TcpTarget.model_validate({"host": "127.0.0.1", "port": port, **target})
    return await TcpProbe(definition).probe(context, timeout_s)


async def tls(context: Context, port: int, *, timeout_s: float = 5, **target: Any) -> Seen:
    """Check a port of this machine by kind tls."""
    definition = TlsTarget.model_validate({"host": "localhost", "port": port, **target})
    return await TlsProbe(definition).probe(context, timeout_s)


@asynccontextmanager
async def talking(
    talk: Talk | bytes, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """A server on the port that is yielded. Bytes are said, and nothing more."""
    open_now: set[asyncio.Task[None]] = set()

    async def converse(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError):  # an SSLError is an OSError
                if isinstance(talk, bytes):
                    writer.write(talk)
                    await reader.read()
                else:
                    await talk(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    def connected(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.ensure_future(converse(reader, writer))
        open_now.add(task)
        task.add_done_callback(open_now.discard)

    listener = await asyncio.start_server(connected, host, 0, ssl=tls, backlog=1024)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


class Secured:
    """The server's side of TLS. Unlike asyncio's it tells the other side why a handshake failed."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, tls: ssl.SSLContext) -> None:
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = tls.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def shake_hands(self) -> None:
        await self._drive(self._session.do_handshake)

    async def write(self, data: bytes) -> None:
        await self._drive(lambda: self._session.write(data))

    async def read(self) -> bytes:
        return bytes(await self._drive(lambda: self._session.read(65536)))

    async def _drive(self, act: Callable[[], Any]) -> Any:
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                self._writer.write(self._outgoing.read())
                self._incoming.write(await self._reader.read(65536) or b"\x15")
            finally:
                self._writer.write(self._outgoing.read())


def saying(*turns: str | bytes | ssl.SSLContext) -> Talk:
    """Say each text, hearing something before the next one; a context begins TLS."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        inside: Secured | None = None
        for at, turn in enumerate(turns):
            if isinstance(turn, ssl.SSLContext):
                inside = Secured(reader, writer, turn)
                await inside.shake_hands()
                continue
            if at and not isinstance(turns[at - 1], ssl.SSLContext):
                await (inside.read() if inside is not None else reader.readline())
            data = turn.encode() if isinstance(turn, str) else turn
            await (inside.write(data) if inside is not None else _say(writer, data))
        await reader.read()

    return talk


async def _say(writer: StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


@dataclass
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class Maker:
    """Makes certificates; times are days from now."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def make(
        self,
        name: str,
        *,
        by: Issued | None = None,
        days: float = 30,
        since: float = -1,
        ca: bool = False,
        key: ec.EllipticCurvePrivateKey | None = None,
        hosts: Sequence[str] = ("localhost", "127.0.0.1"),
    ) -> Issued:
        """A certificate, by itself if by nobody."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.certificate.subject if by else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + since * DAY)
            .not_valid_after(self.now + days * DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            names = [_general(host) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def presenting(leaf: Issued, *above: Issued, **settings: Any) -> ssl.SSLContext:
    """A server's context that shows a certificate and those above it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "chain.pem"
        file.write_text(leaf.key_pem + leaf.pem + "".join(one.pem for one in above))
        context.load_cert_chain(file)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
