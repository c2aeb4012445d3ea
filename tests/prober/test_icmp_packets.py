"""ICMP as bytes."""

from __future__ import annotations

import socket
import struct

import pytest

from vedette.prober.icmp import packets
from vedette.prober.icmp.packets import V4, V6, Complaint, Echo, Version

DATA = b"sixteen bytes ok" + b"." * 41
THERE = {4: socket.inet_pton(socket.AF_INET, "192.0.2.7")}
THERE[6] = socket.inet_pton(socket.AF_INET6, "2001:db8::7")


def reply_to(version: Version, request: bytes) -> bytes:
    packet = bytes([version.reply, 0, 0, 0]) + request[4:]
    if version is V6:
        return packet
    return packet[:2] + packets.checksum(packet).to_bytes(2, "big") + packet[4:]


def in_ip(version: Version, carried: bytes, *, fragment: int = 0) -> bytes:
    """An IP packet to THERE."""
    there = THERE[version.ip]
    if version is V4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(carried), 1, fragment, 64, 1, 0)
        return head + bytes(4) + there + carried
    return struct.pack("!IHBB", 6 << 28, len(carried), 58, 64) + bytes(16) + there + carried


def complaint(version: Version, kind: int, code: int, original: bytes) -> bytes:
    return bytes([kind, code, 0, 0, 0, 0, 0, 0]) + original


@pytest.mark.parametrize("version", [V4, V6])
def test_a_reply_is_read_as_it_was_asked(version: Version) -> None:
    request = packets.request(version, 0xBEEF, 513, DATA)
    assert packets.quoted(version, request) == Echo(0xBEEF, 513, DATA)
    assert packets.parse(version, request) is None
    assert packets.parse(version, reply_to(version, request)) == Echo(0xBEEF, 513, DATA)


@pytest.mark.parametrize("size", [0, 1, 2, 55, 56, 65_507])
def test_the_checksum_is_right(size: int) -> None:
    request = packets.request(V4, 1, 2, b"\xff" * size)
    assert packets.checksum(request) == 0
    assert packets.checksum(request[:-1] + bytes([request[-1] ^ 1])) != 0


@pytest.mark.parametrize(
    ("version", "kind", "code", "said"),
    [
        (V4, 3, 1, "host unreachable"),
        (V4, 3, 13, "administratively prohibited"),
        (V4, 3, 99, "unreachable (code 99)"),
        (V4, 11, 0, "time to live exceeded"),
        (V6, 1, 0, "no route to the destination"),
        (V6, 1, 3, "address unreachable"),
        (V6, 3, 0, "hop limit exceeded"),
    ],
)
@pytest.mark.parametrize("kept", [8, 24, 65])
def test_a_complaint_names_the_request(
    version: Version, kind: int, code: int, said: str, kept: int
) -> None:
    request = packets.request(version, 7, 8, DATA)[:kept]
    packet = complaint(version, kind, code, in_ip(version, request))
    expected = Complaint(THERE[version.ip], Echo(7, 8, DATA[: kept - 8]), said)
    assert packets.parse(version, packet) == expected


def test_options_and_fragments_are_seen_through() -> None:
    request = packets.request(V4, 7, 8, DATA)
    plain = in_ip(V4, request)
    with_options = b"\x46" + plain[1:20] + bytes(4) + plain[20:]
    assert isinstance(packets.parse(V4, complaint(V4, 3, 1, with_options)), Complaint)
    later = in_ip(V4, request, fragment=185)
    assert packets.parse(V4, complaint(V4, 3, 1, later)) is None
    inner = packets.request(V6, 7, 8, DATA)
    fragment = in_ip(V6, bytes([58, 0, 0, 1, 0, 0, 0, 1]) + inner)
    fragment = fragment[:6] + bytes([44]) + fragment[7:]
    assert isinstance(packets.parse(V6, complaint(V6, 1, 3, fragment)), Complaint)


@pytest.mark.parametrize("version", [V4, V6])
def test_noise_is_nothing(version: Version) -> None:
    request = packets.request(version, 7, 8, DATA)
    whole = complaint(version, version.unreachable, 1, in_ip(version, request))
    for end in range(len(whole) - len(DATA) - 8 + 7):
        assert packets.parse(version, whole[:end]) is None
    not_icmp = bytearray(whole)
    not_icmp[8 + (9 if version is V4 else 6)] = 17
    assert packets.parse(version, bytes(not_icmp)) is None
    of_a_reply = complaint(
        version, version.unreachable, 1, in_ip(version, reply_to(version, request))
    )
    assert packets.parse(version, of_a_reply) is None
