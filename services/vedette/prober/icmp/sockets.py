"""A socket for ICMP: packets out, messages in."""

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vedette.prober.icmp import packets
from vedette.prober.icmp.opening import IP_RECVERR, IPV6_RECVERR, SO_TIMESTAMPNS, opened
from vedette.prober.icmp.packets import V4, Complaint, Echo, Version

Peer = tuple[str, int] | tuple[str, int, int, int]
_Ancillary = Iterable[tuple[int, int, bytes]]

_LARGEST = 65_535
_ANCILLARY_BYTES = 512
_TIMESPEC = struct.Struct("@ll")
_NUMBER = struct.Struct("@i")
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")
# struct sock_extended_err: errno, origin, type, code, padding, info, data; then who says it.
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
_FROM_ICMP = frozenset({2, 3})
_SAYER = {4: slice(20, 24), 6: slice(24, 40)}
_TTLS = frozenset({(socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)})
_ERRORS = frozenset({(socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)})


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that came in, and from whom (packed). `at_s` is when the system took it."""

    message: Echo | Complaint
    sender: bytes
    ttl: int | None = None
    at_s: float | None = None


class IcmpSocket:
    """A non-blocking socket of one version of IP."""

    def __init__(self, version: Version, identifier: int) -> None:
        """Open it. Raises Unopened."""
        self.version = version
        self._socket, self.raw = opened(version, identifier)
        self._family = self._socket.family
        self._buffer = bytearray(_LARGEST)

    def fileno(self) -> int:
        """Its file descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    @property
    def dropped(self) -> int:
        """How many messages were lost so far because we did not take them fast enough."""
        told = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        return int(_MEMINFO.unpack(told)[-1])

    def peer(self, address: str) -> tuple[Peer, bytes]:
        """An address to send to, and its packed form. Raises OSError for an unknown zone."""
        found = socket.getaddrinfo(address, 0, self._family, flags=socket.AI_NUMERICHOST)
        peer: Peer = found[0][4]  # type: ignore[assignment]
        return peer, self._packed(peer)

    def send(self, packet: bytes, peer: Peer, ttl: int | None) -> None:
        """Send a packet. Raises OSError for what this host itself objects to."""
        ancillary = []
        if ttl is not None and self.version is V4:
            ancillary = [(socket.IPPROTO_IP, socket.IP_TTL, _NUMBER.pack(ttl))]
        elif ttl is not None:
            ancillary = [(socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, _NUMBER.pack(ttl))]
        self._socket.sendmsg([packet], ancillary, 0, peer)

    def complaints(self) -> Iterator[Arrival]:
        """What the error queue holds; reading it clears the error that sending would meet."""
        while not self.raw:
            try:
                data, ancillary, _, peer = self._socket.recvmsg(
                    _LARGEST, _ANCILLARY_BYTES, socket.MSG_ERRQUEUE
                )
            except OSError:
                return
            arrival = self._complaint(data, ancillary, peer)
            if arrival is not None:
                yield arrival

    def messages(self) -> Iterator[Arrival]:
        """What came in."""
        while True:
            try:
                size, ancillary, _, sender = self._socket.recvmsg_into(
                    [self._buffer], _ANCILLARY_BYTES
                )
            except OSError:  # nothing more; or an error whose complaint is still to be read
                return
            message = self._message(bytes(self._buffer[:size]))
            if message is not None:
                ttl, at_s = _told(ancillary)
                yield Arrival(message, self._packed(sender), ttl, at_s)

    def _message(self, packet: bytes) -> Echo | Complaint | None:
        if self.raw and self.version is V4:
            packet = packets.without_ip_header(packet)
            if packets.checksum(packet):  # raw sockets get it before the system has looked at it
                return None
        return packets.parse(self.version, packet)

    def _complaint(self, data: bytes, ancillary: _Ancillary, peer: Peer) -> Arrival | None:
        request = packets.quoted(self.version, data)
        told = next((told for level, kind, told in ancillary if (level, kind) in _ERRORS), b"")
        if request is None or len(told) < _EXTENDED_ERROR.size:
            return None
        _, origin, kind, code, *_ = _EXTENDED_ERROR.unpack_from(told)
        if origin not in _FROM_ICMP or kind not in self.version.complaints:
            return None
        said = packets.words(self.version, kind, code)
        complaint = Complaint(self._packed(peer), request, said)
        return Arrival(complaint, told[_SAYER[self.version.ip]])

    def _packed(self, peer: Peer) -> bytes:
        return socket.inet_pton(self._family, peer[0].partition("%")[0])


def _told(ancillary: _Ancillary) -> tuple[int | None, float | None]:
    """The TTL of a packet, and when it came (Unix time)."""
    ttl = at_s = None
    for level, kind, data in ancillary:
        if (level, kind) in _TTLS:
            ttl = _NUMBER.unpack(data)[0]
        elif (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            at_s = seconds + nanoseconds / 1e9
    return ttl, at_s
