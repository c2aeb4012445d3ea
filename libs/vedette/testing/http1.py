"""Just enough HTTP/1.1 for a target that has to be able to break it."""

from __future__ import annotations

import time
from asyncio import StreamReader
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; header names are lower-case."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def last(self) -> bool:
        """Whether the client wants the connection closed afterwards."""
        return self.headers.get("connection", "").lower() == "close"


async def read_request(reader: StreamReader) -> Request | None:
    """The next request of a connection; None when there is none, or nothing of the sort."""
    line = (await reader.readline()).split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while (header := (await reader.readline()).strip()) != b"":
        name, _, value = header.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await _read_body(reader, headers)
    return Request(time.time(), line[0].decode("latin-1"), line[1].decode("latin-1"), headers, body)


async def _read_body(reader: StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    return await reader.readexactly(int(headers.get("content-length", "0")))


async def _read_chunks(reader: StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def head(status: int, headers: Mapping[str, str], *, length: int) -> bytes:
    """The status line and the header fields of an answer, with the blank line after them."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unheard Of"
    fields = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": length, **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n".encode("latin-1")
