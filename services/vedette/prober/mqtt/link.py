"""Packets to and from a broker."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from vedette.core.outcome import Reason
from vedette.prober.mqtt import packets
from vedette.prober.mqtt.packets import Packet, Version
from vedette.prober.streams.course import Course
from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import LIMIT, Stream

_Content = TypeVar("_Content")
Reader = Callable[[Version, Packet], _Content]
_COMING = frozenset(
    {
        packets.CONNACK,
        packets.PUBLISH,
        packets.PUBACK,
        packets.SUBACK,
        packets.PINGRESP,
        packets.DISCONNECT,
    }
)
_MOST_LENGTH_BYTES = 4
_MOST_BESIDES = 64 * 1024
"""The longest packet that is no message, in bytes."""


class Link:
    """One connection to a broker."""

    def __init__(self, stream: Stream, course: Course, version: Version) -> None:
        self._stream = stream
        self._course = course
        self._greeted = False
        self._version = version

    async def say(self, packet: bytes) -> None:
        """Send a packet."""
        await self._stream.send(packet)

    async def hear(self, asked: str, *wanted: int) -> Packet:
        """The next packet, which is to be of these kinds. Raises Stopped for another."""
        packet = await self._next(asked)
        self._greeted = True
        # What was dealt with counts no longer; who sends without a pause must not hold us up.
        self._stream.settle()
        await asyncio.sleep(0)
        if packet.kind == packets.DISCONNECT:
            code, words = self.decoded(packet, packets.disconnect_code)
            raise self._stopped(Reason.STATUS, f"it says goodbye: {code} {words}".rstrip())
        if packet.kind not in wanted:
            words = f"it sent {packet.name} instead of {asked}"
            raise self._stopped(Reason.PROTOCOL_ERROR, words)
        return packet

    def check(self, packet: Packet, code_of: Reader[tuple[int, str]]) -> None:
        """Raises Stopped for a packet whose code says no."""
        code, words = self.decoded(packet, code_of)
        if code >= (1 if packet.kind == packets.CONNACK else packets.FAILURES):
            raise self._stopped(Reason.STATUS, f"{code} {words}".rstrip())

    def decoded(self, packet: Packet, read: Reader[_Content]) -> _Content:
        """What a packet says. Raises Stopped if it can't be read."""
        try:
            return read(self._version, packet)
        except packets.MALFORMED as error:
            words = f"it sent a {packet.name} that can't be read"
            raise self._stopped(Reason.PROTOCOL_ERROR, words) from error

    async def _next(self, asked: str) -> Packet:
        first = (await self._exactly(1, asked))[0]
        kind, flags = first >> 4, first & 0x0F
        expected = kind in _COMING if self._greeted else kind == packets.CONNACK
        if not expected or (flags and kind != packets.PUBLISH):
            raise refused(self._stream.peer, asked, bytes([first]) + self._stream.unread)
        length = await self._length(asked)
        if kind == packets.PUBLISH and length > LIMIT:
            words = f"it sent a message of {length} bytes, more than {LIMIT}"
            raise self._stopped(Reason.BODY, words)
        if kind != packets.PUBLISH and length > _MOST_BESIDES:
            words = f"it sent a packet of {length} bytes instead of {asked}"
            raise self._stopped(Reason.PROTOCOL_ERROR, words)
        return Packet(kind, flags, await self._exactly(length, asked))

    async def _length(self, asked: str) -> int:
        """Seven bits a byte, the lowest first, as long as the eighth is set."""
        length = 0
        for at in range(_MOST_LENGTH_BYTES):
            byte = (await self._exactly(1, asked))[0]
            length |= (byte & 0x7F) << 7 * at
            if byte < 0x80:
                return length
        raise self._stopped(Reason.PROTOCOL_ERROR, f"it sent no valid length instead of {asked}")

    async def _exactly(self, count: int, asked: str) -> bytes:
        came = await self._stream.exactly(count)
        if len(came) < count:
            raise refused(self._stream.peer, asked, None)
        return came

    def _stopped(self, reason: Reason, words: str) -> Stopped:
        return Stopped(reason, f"{self._course.doing}: {self._stream.peer}: {words}")
