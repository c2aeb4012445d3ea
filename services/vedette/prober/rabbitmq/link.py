"""Frames to and from a broker."""

import asyncio
import struct
from typing import Any, TypeVar

from pamqp import commands, constants, exceptions, frame, heartbeat

from vedette.core.outcome import Reason
from vedette.prober.streams.course import Course
from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream

FRAME_MAX = 131_072
"""The longest frame, in bytes. AMQP lets either side choose; this is what RabbitMQ proposes."""
_KINDS = frozenset(
    {
        constants.FRAME_METHOD,
        constants.FRAME_HEADER,
        constants.FRAME_BODY,
        constants.FRAME_HEARTBEAT,
    }
)
_MALFORMED = (
    exceptions.PAMQPException,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    OverflowError,
    OSError,  # a time that no calendar has
    RecursionError,
)
_Frame = TypeVar("_Frame")


class Link:
    """One connection to a broker."""

    def __init__(self, stream: Stream, course: Course) -> None:
        self._stream = stream
        self._course = course

    async def say(self, channel: int, *frames: frame.FrameTypes) -> None:
        """Send frames."""
        await self._stream.send(b"".join(frame.marshal(one, channel) for one in frames))

    async def hear(self, asked: str, *wanted: type[_Frame]) -> _Frame:
        """The next frame, which is to be one of these. Raises Stopped for another."""
        while True:
            came = await self._next(asked)
            # What was dealt with counts no longer; who sends without a pause must not hold us up.
            self._stream.settle()
            await asyncio.sleep(0)
            if isinstance(came, wanted):
                return came
            if isinstance(came, commands.Connection.Close | commands.Channel.Close):
                said = f"{came.reply_code} {came.reply_text}"
                raise Stopped(Reason.STATUS, f"{self._course.doing}: {self._stream.peer}: {said}")
            if isinstance(came, commands.Connection.Blocked):
                words = f"{self._stream.peer} takes no messages now: {came.reason}"
                raise Stopped(Reason.STATUS, f"{self._course.doing}: {words}")
            if not isinstance(came, heartbeat.Heartbeat | commands.Connection.Unblocked):
                said = getattr(came, "name", type(came).__name__)
                raise self._no_broker(f"sent {said} instead of {asked}")

    async def _next(self, asked: str) -> Any:
        head = await self._stream.exactly(constants.FRAME_HEADER_SIZE)
        if head.startswith(constants.AMQP):
            version = ".".join(map(str, (head + await self._stream.exactly(1))[5:]))
            raise self._no_broker(f"does not speak AMQP 0-9-1: it offers {version}")
        if head[:1] and head[0] not in _KINDS:
            raise refused(self._stream.peer, asked, head + self._stream.unread)
        if len(head) < constants.FRAME_HEADER_SIZE:
            raise refused(self._stream.peer, asked, None)
        _, _, size = frame.frame_parts(head)
        if size is None or size > FRAME_MAX:
            raise self._no_broker(f"sent a frame of {size} bytes, where at most {FRAME_MAX} fit")
        rest = await self._stream.exactly(size + 1)
        if len(rest) <= size:
            raise refused(self._stream.peer, asked, None)
        try:
            return frame.unmarshal(head + rest)[2]
        except _MALFORMED as error:
            raise self._no_broker(f"sent a malformed frame: {error}") from error

    def _no_broker(self, what: str) -> Stopped:
        return Stopped(Reason.PROTOCOL_ERROR, f"{self._course.doing}: {self._stream.peer} {what}")


class LookAt(commands.Queue.Declare):
    """A question for a queue of any name; pamqp lets only some letters pass."""

    def __init__(self, queue: str) -> None:
        super().__init__(passive=True)
        self.queue = queue

    def validate(self) -> None:
        """RabbitMQ takes every name."""
