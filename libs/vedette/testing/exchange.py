"""Asking a server for a sign of life."""

from __future__ import annotations

import asyncio


async def answer_to(port: int, question: bytes, length: int, *, within: float = 2) -> bytes:
    """The first `length` bytes that the server on a local port says to `question`."""
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(question)
            return await reader.readexactly(length)
        finally:
            writer.transport.abort()
