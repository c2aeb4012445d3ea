"""One socket a version of IP, shared by all checks: which answer belongs to which request.

An answer is known by whom it comes from, its sequence number and a mark in its data that only this
process makes: where sockets are raw, each sees the answers to all others of its host. A complaint
may quote no data; then it is known by destination, identifier and sequence number.
"""

import asyncio
import errno
import secrets
import select
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vedette.core.kinds.icmp import LEAST_PAYLOAD_BYTES
from vedette.prober.icmp import packets
from vedette.prober.icmp.packets import Complaint, Echo, Version
from vedette.prober.icmp.sockets import Arrival, IcmpSocket, Peer

_MARK_BYTES = LEAST_PAYLOAD_BYTES // 2
_SEQUENCES = 1 << 16
_ATTEMPTS = 3
_SENT_BETWEEN_READS = 32
_Key = tuple[bytes, int]


@dataclass(slots=True)
class Packet:
    """A request that was sent, and what became of it so far."""

    key: _Key
    mark: bytes
    sent_at: float
    ended: Callable[[], None]
    rtt_ms: float | None = None
    ttl: int | None = None
    complaint: str | None = None

    @property
    def pending(self) -> bool:
        """Whether nothing has come back."""
        return self.rtt_ms is None and self.complaint is None


class Echoes:
    """Sends requests and hands their answers to who sent them. Belongs to the running loop."""

    def __init__(self, version: Version) -> None:
        """Open the socket. Raises Unopened."""
        self._version = version
        self._identifier = secrets.randbelow(_SEQUENCES)
        self._socket = IcmpSocket(version, self._identifier)
        self._loop = asyncio.get_running_loop()
        self._process = secrets.token_bytes(_MARK_BYTES)
        self._number = self._sequence = 0
        self._under_way: dict[_Key, Packet] = {}
        # libuv gives up on a socket that has something in its error queue; through an epoll of
        # our own it sees no more than that there is something to read.
        self._epoll = select.epoll()
        self._epoll.register(self._socket.fileno(), select.EPOLLIN)
        self._loop.add_reader(self._epoll.fileno(), self.read)

    @property
    def raw(self) -> bool:
        """Whether the socket is a raw one."""
        return self._socket.raw

    @property
    def dropped(self) -> int:
        """How many messages this host lost so far: an answer may have been among them."""
        return self._socket.dropped

    def peer(self, address: str) -> tuple[Peer, bytes]:
        """An address to send to, and its packed form. Raises OSError for an unknown zone."""
        return self._socket.peer(address)

    def send(
        self,
        peer: tuple[Peer, bytes],
        size: int,
        ttl: int | None,
        ended: Callable[[], None],
    ) -> Packet:
        """Send a request with `size` bytes of data; `ended` is called at its first answer.

        It is looked out for until it is forgotten. Raises OSError if this host can't send it.
        """
        if self._number % _SENT_BETWEEN_READS == 0:
            self.read()  # when many send at once, answers come before the loop looks for them
        to, address = peer
        key = self._next(address)
        self._number += 1
        mark = self._process + self._number.to_bytes(_MARK_BYTES, "big")
        request = packets.request(self._version, self._identifier, key[1], mark.ljust(size, b"."))
        packet = Packet(key, mark, time.perf_counter(), ended)
        self._under_way[key] = packet
        try:
            self._send(request, packet, to, ttl)
        except OSError:
            del self._under_way[key]
            raise
        return packet

    def forget(self, sent: Iterable[Packet]) -> None:
        """Look out for these no longer."""
        for packet in sent:
            self._under_way.pop(packet.key, None)

    def read(self) -> None:
        """Take what has come in by now."""
        # When the system took a message, not when a busy loop looks at it, the target answered.
        behind_s = time.perf_counter() - time.time()
        for arrival in self._socket.complaints():
            self._meet(arrival, None)
        for arrival in self._socket.messages():
            self._meet(arrival, None if arrival.at_s is None else arrival.at_s + behind_s)

    def close(self) -> None:
        """Let go of the socket."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._socket.close()

    def _send(self, request: bytes, packet: Packet, to: Peer, ttl: int | None) -> None:
        """An error may be a complaint about another packet, told at the next use of the socket."""
        for attempt in range(1, _ATTEMPTS + 1):
            packet.sent_at = time.perf_counter()
            try:
                self._socket.send(request, to, ttl)
            except OSError:
                if attempt == _ATTEMPTS or self.raw:
                    raise
                self.read()
            else:
                return

    def _next(self, address: bytes) -> _Key:
        for _ in range(_SEQUENCES):
            self._sequence = (self._sequence + 1) % _SEQUENCES
            if (address, self._sequence) not in self._under_way:
                return address, self._sequence
        raise OSError(errno.ENOBUFS, "all sequence numbers are in use")

    def _meet(self, arrival: Arrival, at: float | None) -> None:
        message = arrival.message
        if isinstance(message, Complaint):
            packet = self._sent(message.destination, message.request)
            if packet is not None and packet.pending:
                packet.complaint = f"{message.words}, says {packets.text(arrival.sender)}"
                packet.ended()
            return
        packet = self._sent(arrival.sender, message)
        if packet is not None and packet.pending and len(message.data) >= len(packet.mark):
            now = time.perf_counter()
            if at is None or not packet.sent_at < at < now:  # the clock was set
                at = now
            packet.rtt_ms = (at - packet.sent_at) * 1000
            packet.ttl = arrival.ttl
            packet.ended()

    def _sent(self, address: bytes, echo: Echo) -> Packet | None:
        """Our packet that an echo is of, as far as its data is there to tell."""
        packet = self._under_way.get((address, echo.sequence))
        # The identifier of a ping socket is the system's, which has looked at it.
        if packet is None or (self.raw and echo.identifier != self._identifier):
            return None
        return packet if packet.mark.startswith(echo.data[: len(packet.mark)]) else None
