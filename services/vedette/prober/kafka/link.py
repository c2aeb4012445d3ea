"""Requests to a broker, and its answers."""

import asyncio
import io
import struct
from typing import Any

from aiokafka import errors
from aiokafka.protocol.admin import ApiVersionRequest

from vedette.core.outcome import Reason
from vedette.prober.streams.course import Course
from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import LIMIT, Stream

_CLIENT = "vedette"
_NONE_FITS = (NotImplementedError, errors.IncompatibleBrokerVersion)
_MALFORMED = (ValueError, struct.error, TypeError, LookupError)


class Link:
    """One connection to a broker."""

    def __init__(self, stream: Stream, course: Course) -> None:
        self._stream = stream
        self._course = course
        self._versions: dict[int, tuple[int, int]] | None = None
        self._asked = 0

    async def learn_versions(self) -> None:
        """Ask which requests it takes: all others depend on it. Raises Stopped."""
        answer = await self.ask(ApiVersionRequest())
        self.check(answer.error_code)
        self._versions = {key: (first, last) for key, first, last in answer.api_versions or []}

    async def ask(self, request: Any, at_least: int = 0) -> Any:
        """The answer to a request, in the newest version (`at_least` that) that both know.

        Raises Stopped.
        """
        name = type(request).__name__.removesuffix("Request")
        asked = self._prepared(request, name, at_least)
        self._asked += 1
        header = asked.build_request_header(self._asked, _CLIENT)
        message = header.encode() + asked.encode()
        await self._stream.send(struct.pack(">i", len(message)) + message)
        return self._decoded(await self._next(f"an answer to {name}"), asked, name)

    def check(self, code: int, words: str | None = None) -> None:
        """Raises Stopped for a code that says no."""
        if code:
            known = errors.for_code(code)
            name = f" {known.message}" if known.errno == code else ""
            more = f": {words}" if words else ""
            raise self.stopped(Reason.STATUS, f"{code}{name}{more}")

    def stopped(self, reason: Reason, words: str) -> Stopped:
        """What is wrong with what the broker did."""
        return Stopped(reason, f"{self._course.doing}: {self._stream.peer}: {words}")

    def _prepared(self, request: Any, name: str, at_least: int) -> Any:
        if self._versions is None:
            return request.prepare({})
        if request.API_KEY not in self._versions:
            raise self.stopped(Reason.PROTOCOL_ERROR, f"it takes no {name}")
        first, last = self._versions[request.API_KEY]
        try:
            asked = request.prepare(self._versions)
        except _NONE_FITS:
            asked = None
        if asked is None or at_least > asked.API_VERSION:  # it may be as good as any
            takes = f"versions {first} to {last} of {name}, of which the prober can use none"
            raise self.stopped(Reason.INTERNAL_ERROR, f"it takes {takes}")
        return asked

    async def _next(self, asked: str) -> bytes:
        head = await self._stream.exactly(4)
        if len(head) < 4:
            raise refused(self._stream.peer, asked, None)
        (size,) = struct.unpack(">i", head)
        if not 4 <= size <= LIMIT:
            raise refused(self._stream.peer, asked, head + self._stream.unread)
        body = await self._stream.exactly(size)
        if len(body) < size:
            raise refused(self._stream.peer, asked, None)
        # What was dealt with counts no longer; who answers without a pause must not hold us up.
        self._stream.settle()
        await asyncio.sleep(0)
        return body

    def _decoded(self, body: bytes, asked: Any, name: str) -> Any:
        buffer = io.BytesIO(body)
        try:
            number = asked.parse_response_header(buffer).correlation_id
            answer = asked.RESPONSE_TYPE.decode(buffer) if number == self._asked else None
        except _MALFORMED as error:
            words = f"its answer to {name} can't be read"
            raise self.stopped(Reason.PROTOCOL_ERROR, words) from error
        if answer is None:
            words = f"it answered to request {number}, not to {name}, request {self._asked}"
            raise self.stopped(Reason.PROTOCOL_ERROR, words)
        return answer
