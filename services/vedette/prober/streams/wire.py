"""A stream of ours as asyncio's transport, so that a client speaks its protocol over it.

The client neither connects nor does TLS, and whatever it leaves undone, nothing of it outlives the
stream: its addresses were asked of the guard, what it receives is bounded as all streams are.
"""

import asyncio
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from collections.abc import Callable
from typing import Any, TypeVar

from vedette.prober.streams.stream import Stream

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


class Wire(asyncio.Transport):
    """Carries what one protocol says and hears. `end` must be awaited when all is done."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self._protocol: asyncio.BaseProtocol | None = None
        self._outgoing = bytearray()
        self._sending: asyncio.Task[None] | None = None
        self._receiving: asyncio.Task[None] | None = None
        self._reading = asyncio.Event()
        self._closing = False
        self._check: Callable[[bytes], None] | None = None
        self.failure: Exception | None = None
        """What broke the connection, or in the client what came over it."""
        self.at_end = False
        """Whether the other side has closed."""

    def begin(self, protocol: _Protocol, check: Callable[[bytes], None] | None = None) -> _Protocol:
        """Let a protocol speak and hear. `check` sees all before it does, and may raise Stopped."""
        self._protocol = protocol
        self._check = check
        self._reading.set()
        protocol.connection_made(self)
        self._receiving = asyncio.ensure_future(self._receive())
        return protocol

    def streams(self) -> tuple[StreamReader, StreamWriter]:
        """A reader and a writer, for clients that take these."""
        loop = asyncio.get_running_loop()
        reader = StreamReader(loop=loop)
        protocol = self.begin(StreamReaderProtocol(reader, loop=loop))
        return reader, StreamWriter(self, protocol, reader, loop)

    async def end(self) -> None:
        """Close, and wait until nothing goes on."""
        self.close()
        await asyncio.sleep(0)  # a goodbye still goes out, if that takes no waiting
        tasks = [task for task in (self._receiving, self._sending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def write(self, data: Any) -> None:
        """Say something, as soon as the other side takes it."""
        if self._closing:
            return
        self._outgoing += data
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    def close(self) -> None:
        """Hear nothing any more."""
        self._lose(None)

    def abort(self) -> None:
        """As `close`, which doesn't wait either."""
        self.close()

    def is_closing(self) -> bool:
        """Whether it is over."""
        return self._closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who speaks and hears."""
        assert self._protocol is not None
        return self._protocol

    def pause_reading(self) -> None:
        """Hear nothing for a while."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """Hear on."""
        self._reading.set()

    def get_write_buffer_size(self) -> int:
        """What was not yet taken, in bytes."""
        return len(self._outgoing)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """A check says so little that there are none."""

    def can_write_eof(self) -> bool:
        """TLS can't."""
        return False

    async def _send(self) -> None:
        try:
            while self._outgoing:
                data = bytes(self._outgoing)
                self._outgoing.clear()
                await self._stream.send(data)
        except Exception as error:
            self._lose(error)

    async def _receive(self) -> None:
        try:
            await self._reading.wait()
            while await self._stream.more():
                data = self._stream.unread
                self._stream.skip()
                self._hear(data)
                await self._reading.wait()
            self.at_end = True
            self._lose(None)
        except Exception as error:
            self._lose(error)

    def _hear(self, data: bytes) -> None:
        if self._check is not None:
            self._check(data)
        if isinstance(self._protocol, asyncio.Protocol):
            self._protocol.data_received(data)
            return
        assert isinstance(self._protocol, asyncio.BufferedProtocol)
        rest = memoryview(data)
        while rest and not self._closing:
            buffer = memoryview(self._protocol.get_buffer(len(rest)))
            taken = min(len(buffer), len(rest))
            buffer[:taken] = rest[:taken]
            rest = rest[taken:]
            self._protocol.buffer_updated(taken)

    def _lose(self, error: Exception | None) -> None:
        if self.failure is None:
            self.failure = error
        if self._closing:
            return
        self._closing = True
        self._reading.set()
        if self._receiving is not None and self._receiving is not asyncio.current_task():
            self._receiving.cancel()
        if self._protocol is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._protocol.connection_lost, error)
