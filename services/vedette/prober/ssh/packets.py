"""Packets before there are keys (RFC 4253, section 6), and their parts (RFC 4251, section 5)."""

import os

from vedette.core.outcome import Reason
from vedette.prober.streams.dialogue import shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG = 1, 2, 3, 4
KEXINIT, NEWKEYS, KEX_ECDH_INIT, KEX_ECDH_REPLY = 20, 21, 30, 31
_SKIPPED = frozenset({IGNORE, UNIMPLEMENTED, DEBUG})
_LARGEST = 35_000
_BLOCK = 8
_LEAST_PADDING = 4
_MOST_SKIPPED = 100


class Malformed(Exception):
    """A payload that is not what its number says."""


class Reader:
    """Takes the values of a payload one by one. Its methods raise Malformed."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        taken = self._payload[self._at : self._at + count]
        if len(taken) < count:
            raise Malformed("it is cut off")
        self._at += count
        return taken

    def string(self) -> bytes:
        """A string: its length, and the bytes."""
        return self.take(int.from_bytes(self.take(4), "big"))

    def names(self) -> tuple[str, ...]:
        """A list of names."""
        try:
            text = self.string().decode("ascii")
        except UnicodeDecodeError:
            raise Malformed("its names are not ASCII") from None
        return tuple(filter(None, text.split(",")))

    def mpint(self) -> int:
        """A number, with its sign."""
        return int.from_bytes(self.string(), "big", signed=True)


def string(octets: bytes) -> bytes:
    """A string, encoded."""
    return len(octets).to_bytes(4, "big") + octets


def mpint(number: int) -> bytes:
    """A number that is not negative, encoded: as short as possible, its first bit 0."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")


async def send(stream: Stream, payload: bytes) -> None:
    """Send a packet."""
    padding = _BLOCK - (5 + len(payload)) % _BLOCK
    if padding < _LEAST_PADDING:
        padding += _BLOCK
    head = (1 + len(payload) + padding).to_bytes(4, "big") + bytes([padding])
    await stream.send(head + payload + os.urandom(padding))


async def receive(stream: Stream, wanted: int, what: str) -> bytes:
    """The payload of the next packet, which is to have this number. Raises Stopped."""
    for _ in range(_MOST_SKIPPED):
        payload = await _packet(stream, what)
        number = payload[0]
        if number == wanted:
            return payload
        if number == DISCONNECT:
            raise Stopped(Reason.STATUS, f"{stream.peer} disconnected: {_why(payload)}")
        if number not in _SKIPPED:
            words = f"{stream.peer} sent message {number} instead of {what}"
            raise Stopped(Reason.PROTOCOL_ERROR, words)
    raise Stopped(Reason.PROTOCOL_ERROR, f"{stream.peer} sends all but {what}")


async def _packet(stream: Stream, what: str) -> bytes:
    head = await stream.exactly(5)
    length, padding = int.from_bytes(head[:4], "big"), head[4] if len(head) == 5 else 0
    if len(head) < 5:
        words = f"{stream.peer} closed the connection instead of sending {what}"
        raise Stopped(Reason.PROTOCOL_ERROR, words)
    if not padding + 2 <= length <= _LARGEST:
        words = f"{stream.peer} sent {shown(head)} instead of a packet with {what}"
        raise Stopped(Reason.PROTOCOL_ERROR, words)
    rest = await stream.exactly(length - 1)
    if len(rest) < length - 1:
        words = f"{stream.peer} closed the connection in the middle of {what}"
        raise Stopped(Reason.PROTOCOL_ERROR, words)
    return rest[: len(rest) - padding]


def _why(payload: bytes) -> str:
    reader = Reader(payload[5:])
    try:
        return shown(reader.string())
    except Malformed:
        return "it does not say why"
