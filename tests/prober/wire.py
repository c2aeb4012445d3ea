"""An ICMP socket without a network, for tests of what is done with it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from vedette.prober.icmp import packets
from vedette.prober.icmp.packets import Complaint, Echo, Version
from vedette.prober.icmp.sockets import Arrival, Peer

TTL = 57


class Wire:
    """Keeps what is sent; what comes in is what the test lets come."""

    def __init__(self, version: Version, *, raw: bool = True) -> None:
        self.version = version
        self.raw = raw
        self.sent: list[tuple[Echo, bytes]] = []
        self.ttls: list[int | None] = []
        self.dropped = 0
        self.failing: list[OSError] = []
        self.on_send: Callable[[int], None] = lambda _number: None
        self._incoming: list[Arrival] = []
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)

    def fileno(self) -> int:
        return self._ours.fileno()

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()

    def peer(self, address: str) -> tuple[Peer, bytes]:
        return (address, 0), socket.inet_pton(socket.AF_INET, address)

    def send(self, packet: bytes, peer: Peer, ttl: int | None) -> None:
        if self.failing:
            raise self.failing.pop(0)
        echo = packets.quoted(self.version, packet)
        assert echo is not None
        self.sent.append((echo, socket.inet_pton(socket.AF_INET, peer[0])))
        self.ttls.append(ttl)
        self.on_send(len(self.sent) - 1)

    def complaints(self) -> Iterator[Arrival]:
        return iter(())

    def messages(self) -> Iterator[Arrival]:
        if self._incoming:
            self._ours.recv(65_536)
        arrived, self._incoming = self._incoming, []
        yield from arrived

    def deliver(self, arrival: Arrival) -> None:
        self._incoming.append(arrival)
        self._theirs.send(b"!")

    def reply(self, number: int = -1, *, ago_s: float = 0, **changed: object) -> None:
        """Answer what was sent."""
        echo, sender = self.sent[number]
        echo = replace(echo, **changed)  # type: ignore[arg-type]
        self.deliver(Arrival(echo, sender, TTL, time.time() - ago_s))

    def complain(self, number: int = -1, *, quoting: int = 100) -> None:
        """A router's word that what was sent can't get there."""
        echo, destination = self.sent[number]
        quoted = replace(echo, data=echo.data[:quoting])
        router = socket.inet_pton(socket.AF_INET, "192.0.2.254")
        self.deliver(Arrival(Complaint(destination, quoted, "host unreachable"), router))
