"""A TCP listener on a local port that leaves nothing open behind it."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType

Conversation = Callable[[StreamReader, StreamWriter], Awaitable[None]]


class Listener:
    """Serves each connection with `converse`; closed and opened again on the same port."""

    def __init__(
        self,
        converse: Conversation,
        *,
        port: int,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._converse = converse
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Accept connections."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, self.host, self.port, ssl=self._tls, backlog=1024
            )

    async def close(self) -> None:
        """Refuse connections, and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        conversations = list(self._open)
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    async def __aenter__(self) -> Listener:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        conversation = asyncio.ensure_future(self._hold(reader, writer))
        self._open.add(conversation)
        conversation.add_done_callback(self._open.discard)
        # Not in the conversation: one that is broken off before it begins runs no `finally`.
        conversation.add_done_callback(lambda _: writer.transport.abort())

    async def _hold(self, reader: StreamReader, writer: StreamWriter) -> None:
        # The other side may leave whenever it likes.
        with suppress(OSError, EOFError):
            await self._converse(reader, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
