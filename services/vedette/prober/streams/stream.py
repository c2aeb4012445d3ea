"""A stream over one connection, in the clear or within TLS, with what has arrived kept at hand."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from vedette.core.outcome import Reason
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped, broken
from vedette.prober.streams.waiting import readable, writable

LINE_LIMIT = 64 * 1024
"""The longest line, in bytes."""
LIMIT = 1024 * 1024
"""How much is received of one target at most, in bytes."""
_CHUNK = 64 * 1024
_LINES_AT_ONCE = 200
_CHUNKS_AT_ONCE = 4
_Done = TypeVar("_Done")


class Stream:
    """Owns its socket. Every method may raise Stopped, and ssl.SSLError when TLS breaks."""

    def __init__(self, sock: socket.socket, course: Course) -> None:
        self._sock = sock
        self._course = course
        self._unread = bytearray()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._handshaking = False
        self._lines = self._chunks = 0
        self.tls: ssl.SSLObject | None = None
        """The TLS session, from the beginning of the handshake."""
        self.received = bytearray()
        """Everything that was said to us, up to the limit."""

    @property
    def peer(self) -> str:
        """Host and port, for messages."""
        return self._course.peer

    @property
    def own_address(self) -> str:
        """The address of this end."""
        return str(self._sock.getsockname()[0])

    @property
    def unread(self) -> bytes:
        """What has arrived and was not taken."""
        return bytes(self._unread)

    async def secure(self, context: ssl.SSLContext, server_name: str) -> None:
        """Do a TLS handshake; from then on everything goes through it."""
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._handshaking = True
        await self._drive(self.tls.do_handshake)
        self._handshaking = False

    async def send(self, data: bytes) -> None:
        """Say something."""
        if self.tls is None:
            await self._put(data)
            return
        await self._drive(partial(self.tls.write, data))  # its buffer in memory takes it all

    async def line(self) -> bytes | None:
        """The next line without its end; None at the end of everything."""
        self._lines += 1
        if self._lines % _LINES_AT_ONCE == 0:
            await asyncio.sleep(0)  # a target that talks without a pause holds up nobody else
        searched = 0
        while (at := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            if searched > LINE_LIMIT:
                words = f"{self.peer} sent a line of more than {LINE_LIMIT} bytes"
                raise Stopped(Reason.PROTOCOL_ERROR, words)
            if not await self.more():
                return self._take(len(self._unread)) if self._unread else None
        return self._take(at + 1).removesuffix(b"\n").removesuffix(b"\r")

    async def exactly(self, count: int) -> bytes:
        """The next bytes: fewer than `count` only if the target closes before."""
        while len(self._unread) < count and await self.more():
            pass
        return self._take(min(count, len(self._unread)))

    async def until(self, pattern: re.Pattern[bytes]) -> bytes:
        """Everything up to the end of a match; without one if the target closes before."""
        while (match := pattern.search(self._unread)) is None:
            if len(self._unread) > LINE_LIMIT or not await self.more():
                return self._take(len(self._unread))
        return self._take(match.end())

    async def more(self) -> bool:
        """Wait for anything to arrive, and keep it as unread; False at the end."""
        if len(self.received) >= LIMIT:
            words = f"{self.peer} sent more than {LIMIT} bytes"
            raise Stopped(Reason.PROTOCOL_ERROR, words)
        chunk = await self._arriving()
        if chunk:
            self._course.arrived()
        self._unread += chunk
        self.received += chunk[: LIMIT - len(self.received)]
        return bool(chunk)

    def skip(self) -> None:
        """Take everything that has arrived."""
        self._unread.clear()

    def settle(self) -> None:
        """Let go of what was received and taken: it counts no longer towards the limit."""
        self.received[:] = self._unread

    def forget(self) -> None:
        """Let go of what was received so far."""
        self._unread.clear()
        self.received.clear()

    def close(self) -> None:
        """Say goodbye, if that takes no waiting, and close the connection."""
        try:
            if self.tls is not None and not self._handshaking:
                with suppress(ssl.SSLError, ValueError):  # the other side's goodbye isn't awaited
                    self.tls.unwrap()
                self._leave_word()
        finally:
            self._sock.close()

    def _leave_word(self) -> None:
        """Say TLS's last word, an alert or a goodbye, if somebody still listens."""
        with suppress(OSError):
            self._sock.send(self._outgoing.read())

    def _take(self, count: int) -> bytes:
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        return taken

    async def _arriving(self) -> bytes:
        if self.tls is None:
            return await self._get()
        try:
            return await self._drive(partial(self.tls.read, _CHUNK))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _drive(self, act: Callable[[], _Done]) -> _Done:
        """Do a thing of TLS, moving its bytes back and forth as long as it asks for it."""
        while True:
            try:
                done = act()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._get()
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                self._leave_word()
                raise
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._put(self._outgoing.read())

    async def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._sock.send(rest) :]
            except BlockingIOError:
                await writable(self._sock)
            except OSError as error:
                raise broken(self._course.doing, self.peer, error) from error

    async def _get(self) -> bytes:
        self._chunks += 1
        if self._chunks % _CHUNKS_AT_ONCE == 0:
            await asyncio.sleep(0)
        while True:
            try:
                return self._sock.recv(_CHUNK)
            except BlockingIOError:
                await readable(self._sock)
            except OSError as error:
                raise broken(self._course.doing, self.peer, error) from error
