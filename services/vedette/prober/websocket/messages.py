"""Messages over a WebSocket, until one side closes."""

import asyncio
from collections import deque
from contextlib import suppress
from ssl import SSLError

from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State

from vedette.core.outcome import Reason
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream

MOST_BYTES = 64 * 1024 * 1024
"""How much is received on one connection at most."""
# So many bytes may hold thousands of frames; after each piece, others have a turn.
_PIECE = 4096
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class Messages:
    """Both sides of a connection. Every method may raise Stopped, and SSLError."""

    def __init__(self, stream: Stream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._came: deque[str | bytes] = deque()
        self._unfinished = bytearray()
        self._text = False
        self._ended = False
        self._taken = 0

    @property
    def goodbye(self) -> str:
        """How the target has closed, in words."""
        close = self._protocol.close_rcvd
        if close is None:
            return "closed the connection without a goodbye"
        return f"closed with {close}"

    async def next(self) -> str | bytes | None:
        """The next message; None if the target has closed."""
        while not self._came and not self._closed:
            await self._take_in()
        return self._came.popleft() if self._came else None

    async def say(self, said: str | bytes) -> None:
        """Send a message: text as text, bytes as binary. What has been closed keeps quiet."""
        if self._protocol.state is State.OPEN:
            if isinstance(said, str):
                self._protocol.send_text(said.encode())
            else:
                self._protocol.send_binary(said)
            await self._flush()

    async def leave(self) -> None:
        """Say goodbye, if anybody still listens."""
        with suppress(Stopped, SSLError):
            if self._protocol.state is State.OPEN:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            await self._flush()

    async def closed(self) -> int:
        """Wait for the target's goodbye: its close code."""
        try:
            while not self._closed:
                await self._take_in()
                self._came.clear()
        except Stopped as stopped:
            if stopped.trouble.reason is not Reason.CONNECT_RESET:
                raise
        close = self._protocol.close_rcvd
        return CloseCode.ABNORMAL_CLOSURE if close is None else close.code

    @property
    def _closed(self) -> bool:
        return self._ended or self._protocol.close_rcvd is not None

    async def _take_in(self) -> None:
        if not self._stream.unread and not await self._stream.more():
            self._ended = True
            return
        data = self._stream.unread
        self._stream.forget()
        self._taken += len(data)
        if self._taken > MOST_BYTES:
            words = f"{self._stream.peer} sent more than {MOST_BYTES} bytes"
            raise Stopped(Reason.PROTOCOL_ERROR, words)
        for at in range(0, len(data), _PIECE):
            self._protocol.receive_data(data[at : at + _PIECE])
            for event in self._protocol.events_received():
                if isinstance(event, Frame) and event.opcode in _DATA:
                    self._add(event)
            await self._flush()
            self._check()
            await asyncio.sleep(0)

    def _add(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._text = frame.opcode is Opcode.TEXT
        self._unfinished += frame.data
        if not frame.fin:
            return
        whole = bytes(self._unfinished)
        self._unfinished.clear()
        try:
            self._came.append(whole.decode() if self._text else whole)
        except UnicodeDecodeError as error:
            words = f"{self._stream.peer} sent a text that is not UTF-8: {error.reason}"
            raise Stopped(Reason.PROTOCOL_ERROR, words) from error

    def _check(self) -> None:
        """Raises Stopped for what is no WebSocket's word."""
        error = self._protocol.parser_exc
        if error is None:
            return
        if isinstance(error, PayloadTooBig):
            words = f"{self._stream.peer} sent a message larger than"
            raise Stopped(Reason.BODY, f"{words} {self._protocol.max_message_size} bytes")
        words = f"{self._stream.peer} does not speak as a WebSocket: {error}"
        raise Stopped(Reason.PROTOCOL_ERROR, words)

    async def _flush(self) -> None:
        said = b"".join(self._protocol.data_to_send())
        if said:
            await self._stream.send(said)
