"""Echo requests as bytes, and what comes back as values (RFC 792, RFC 4443). Pure."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_HEADER = struct.Struct("!BBHHH")
_IPV6_BYTES = 40
_FRAGMENT_BYTES = 8
_FRAGMENT = 44
_LEAST_IPV4_BYTES = 20
_FRAGMENT_OFFSET = 0x1FFF


@dataclass(frozen=True, slots=True)
class Version:
    """The numbers of ICMP for one version of IP."""

    ip: int
    protocol: int
    request: int
    reply: int
    unreachable: int
    exceeded: int
    words: dict[tuple[int, int], str]

    @property
    def complaints(self) -> tuple[int, int]:
        """The types of message that say what became of a packet."""
        return self.unreachable, self.exceeded


V4 = Version(
    ip=4,
    protocol=1,
    request=8,
    reply=0,
    unreachable=3,
    exceeded=11,
    words={
        (3, 0): "network unreachable",
        (3, 1): "host unreachable",
        (3, 4): "fragmentation needed",
        (3, 6): "network unknown",
        (3, 7): "host unknown",
        (3, 9): "network administratively prohibited",
        (3, 10): "host administratively prohibited",
        (3, 13): "administratively prohibited",
        (11, 0): "time to live exceeded",
        (11, 1): "fragment reassembly time exceeded",
    },
)
V6 = Version(
    ip=6,
    protocol=58,
    request=128,
    reply=129,
    unreachable=1,
    exceeded=3,
    words={
        (1, 0): "no route to the destination",
        (1, 1): "administratively prohibited",
        (1, 3): "address unreachable",
        (1, 5): "prohibited by the source address",
        (1, 6): "route rejected",
        (3, 0): "hop limit exceeded",
        (3, 1): "fragment reassembly time exceeded",
    },
)


@dataclass(frozen=True, slots=True)
class Echo:
    """An echo request or reply. Of a request that is quoted, the data may be cut off."""

    identifier: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a router or host says of one of our requests. The destination is packed."""

    destination: bytes
    request: Echo
    words: str


def request(version: Version, identifier: int, sequence: int, data: bytes) -> bytes:
    """An echo request. In IPv6 the system adds the checksum, which covers addresses too."""
    packet = _HEADER.pack(version.request, 0, 0, identifier, sequence) + data
    if version is V6:
        return packet
    return packet[:2] + checksum(packet).to_bytes(2, "big") + packet[4:]


def checksum(packet: bytes) -> int:
    """The Internet checksum (RFC 1071); 0 for a packet that holds its right one."""
    words: tuple[int, ...] = struct.unpack(f"!{len(packet) // 2}H", packet[: len(packet) & ~1])
    total = sum(words) + (packet[-1] << 8 if len(packet) % 2 else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def parse(version: Version, packet: bytes) -> Echo | Complaint | None:
    """An ICMP message that came in: a reply, a complaint, or nothing that concerns an echo."""
    if len(packet) < _HEADER.size:
        return None
    kind, code = packet[:2]
    if kind == version.reply:
        return _echo(packet)
    if kind in version.complaints:
        return _complaint(version, packet[_HEADER.size :], words(version, kind, code))
    return None


def quoted(version: Version, packet: bytes) -> Echo | None:
    """The echo request that a complaint quotes, from its ICMP header on."""
    if len(packet) < _HEADER.size or packet[0] != version.request:
        return None
    return _echo(packet)


def words(version: Version, kind: int, code: int) -> str:
    """A complaint in plain English."""
    other = "unreachable" if kind == version.unreachable else "time exceeded"
    return version.words.get((kind, code), f"{other} (code {code})")


def without_ip_header(packet: bytes) -> bytes:
    """What an IPv4 packet carries."""
    return packet[(packet[0] & 0xF) * 4 :] if packet else b""


def text(destination: bytes) -> str:
    """A packed address in words."""
    packed = IPv4Address(destination) if len(destination) == 4 else IPv6Address(destination)
    return str(packed)


def _echo(packet: bytes) -> Echo:
    _, _, _, identifier, sequence = _HEADER.unpack_from(packet)
    return Echo(identifier, sequence, packet[_HEADER.size :])


def _complaint(version: Version, original: bytes, said: str) -> Complaint | None:
    if version is V4:
        if len(original) < _LEAST_IPV4_BYTES or original[9] != version.protocol:
            return None
        if int.from_bytes(original[6:8], "big") & _FRAGMENT_OFFSET:  # not the first fragment
            return None
        destination, carried = original[16:20], without_ip_header(original)
    else:
        if len(original) < _IPV6_BYTES:
            return None
        destination, following, carried = original[24:40], original[6], original[_IPV6_BYTES:]
        if following == _FRAGMENT and carried:
            following, carried = carried[0], carried[_FRAGMENT_BYTES:]
        if following != version.protocol:
            return None
    echo = quoted(version, carried)
    return None if echo is None else Complaint(destination, echo, said)
