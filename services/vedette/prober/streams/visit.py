"""A visit: one check of a port, from its host's name to the end of a conversation."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from vedette.core.endpoints import Endpoint, StartTls
from vedette.core.hosts import IpProtocol, peer_of, version_of
from vedette.core.outcome import Reason
from vedette.core.tls import HandshakeOptions, TlsOptions
from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.streams.addresses import addresses_of
from vedette.prober.streams.connecting import connect
from vedette.prober.streams.course import Course
from vedette.prober.streams.handshakes import alert_of, handshake_trouble
from vedette.prober.streams.shown import Shown, shown_by
from vedette.prober.streams.starttls import PROTOCOLS
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream
from vedette.prober.streams.trust import trust_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target is. `host` is in ASCII, `name` is it without a final dot."""

    host: str
    name: str
    port: int
    peer: str
    protocol: IpProtocol
    nameserver: str | None

    @classmethod
    def of(cls, target: Endpoint) -> "Place":
        """The place of a target."""
        host = ascii_name(target.host)
        name = host.removesuffix(".")
        return cls(host, name, target.port, target.peer, target.ip_protocol, target.resolver)

    def elsewhere(self, host: str, port: int) -> "Place":
        """Another one, to be found and reached in the same way."""
        named = ascii_name(host)
        name, peer = named.removesuffix("."), peer_of(host, port)
        return replace(self, host=named, name=name, port=port, peer=peer)


@dataclass(slots=True)
class Visit:
    """What is seen, as it is seen."""

    context: Context
    place: Place
    course: Course
    facts: dict[str, str | int | float | bool] = field(default_factory=dict)
    subjects: dict[str, Any] = field(default_factory=dict)
    shown: Shown | None = None
    answer: Answer | None = None
    """What the target answered, if that is not everything it said."""
    _stream: Stream | None = None

    @property
    def stream(self) -> Stream:
        """The connection."""
        assert self._stream is not None
        return self._stream

    async def go(self, conversation: Callable[["Visit"], Awaitable[None]]) -> Seen:
        """Connect, and have a conversation."""
        trouble = await self._try(conversation)
        self.course.leave()
        received = bytes(self._stream.received) if self._stream is not None else b""
        return Seen(
            self.course.duration_ms,
            self.course.phases,
            self.facts,
            trouble,
            self.answer or (Answer(body=received) if received else None),
            self.subjects,
        )

    async def move(self, host: str, port: int) -> None:
        """Go on at another place, which the target has named, in a new connection."""
        self.stream.close()
        self.place = place = self.place.elsewhere(host, port)
        self.course.peer = place.peer
        addresses = await addresses_of(
            self.context, self.course, place.host, place.protocol, place.nameserver
        )
        sock, _ = await connect(addresses, place.port, self.context.guard, self.course)
        self._stream = Stream(sock, self.course)

    async def negotiate(self, protocol: StartTls) -> None:
        """Ask for TLS in the words of a protocol."""
        self.course.enter("starttls", f"STARTTLS ({protocol})")
        await PROTOCOLS[protocol](self.stream, self.place.name)

    async def secure(self, options: TlsOptions) -> bool:
        """Go over to TLS; False if that ended as it should, with the alert that is expected."""
        if self.stream.unread.strip():
            words = f"{self.place.peer} went on talking when TLS was to begin"
            raise Stopped(Reason.PROTOCOL_ERROR, words)
        self.stream.forget()
        trust = trust_of(options, self.context.ca_file)
        self.course.enter("tls", "TLS handshake")
        name = ascii_name(options.server_name or self.place.name).removesuffix(".")
        expected = options.expect_alert if isinstance(options, HandshakeOptions) else None
        try:
            await self.stream.secure(trust.context, name)
            self.shown = shown_by(self.stream.tls, trust if options.verify else None)
            if expected is not None:
                await self._await_alert(expected)
        except ssl.SSLError as error:
            alert = alert_of(error)
            if alert is None or alert != expected:
                raise
            self.facts["tls_alert"] = str(alert)
            return False
        finally:
            self._note_shown()
        self.course.leave()
        return True

    async def _await_alert(self, alert: str) -> None:
        """A server that misses a certificate says so after the handshake, in TLS 1.3."""
        self.course.now(f"TLS alert {alert}", Reason.TLS_HANDSHAKE)
        going_on = await self.stream.more()
        how = "went on" if going_on else "closed the connection"
        words = f"{self.place.peer} {how} after the handshake, without the alert {alert}"
        raise Stopped(Reason.TLS_HANDSHAKE, words)

    def _note_shown(self) -> None:
        tls = self.stream.tls
        if self.shown is None:
            self.shown = shown_by(tls, None)
        version = tls.version() if tls is not None else None
        if version is not None:
            self.facts["tls_version"] = version
        if self.shown is not None:
            self.facts |= self.shown.facts
            self.subjects["certificate"] = self.shown.subject(time.time())

    async def _try(self, conversation: Callable[["Visit"], Awaitable[None]]) -> Trouble | None:
        place, course = self.place, self.course
        try:
            addresses = await addresses_of(
                self.context, course, place.host, place.protocol, place.nameserver
            )
            async with asyncio.timeout(course.remaining_s()):
                sock, address = await connect(addresses, place.port, self.context.guard, course)
                self._stream = Stream(sock, course)
                self.facts["ip"] = self.subjects["ip"] = address
                await conversation(self)
        except Stopped as stopped:
            return stopped.trouble
        except TimeoutError:
            return course.late()
        except ssl.SSLError as error:
            return self._broken(error)
        finally:
            if self._stream is not None:
                self._stream.close()
        return None

    def _broken(self, error: ssl.SSLError) -> Trouble:
        alert = alert_of(error)
        if alert is not None:
            self.facts["tls_alert"] = alert
        chain = self.shown.chain if self.shown is not None else ()
        return handshake_trouble(error, self.place.peer, chain, datetime.now(UTC))


def ascii_name(host: str) -> str:
    """A host name in ASCII; an address as it is."""
    if host.isascii() or version_of(host) is not None:
        return host
    return host.encode("idna").decode()
