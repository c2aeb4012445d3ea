"""Targets and proxies that drip, at every stage: the time is over when it is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from tests.prober.support import look, until_gone

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.ports import free_port
from vedette.testing.streams import Listener

TIMEOUT_S = 0.2
PACE_S = 0.02
SLACK_MS = 2000  # of a busy machine
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TLS_HELLO = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"


@asynccontextmanager
async def dripping(start: bytes, drop: bytes) -> AsyncIterator[int]:
    """A server that says something at once and then the same byte again and again."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(PACE_S)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        with suppress(OSError):
            await until_gone(drip(writer), reader)

    port = free_port()
    async with Listener(converse, port=port):
        yield port


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 ", b"2"),
        (OK[:-2], b"K"),
        (OK, b"X"),
        (OK + b"X: ", b"x"),
        (OK + b"X: x\r\n", b"X: x\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (OK + b"Content-Length: 1000\r\n\r\n", b"x"),
        (OK + b"\r\n", b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED, b"0"),
        (CHUNKED + b"ff;", b"x"),
        (CHUNKED + b"ff\r\n", b"x"),
        (CHUNKED + b"0\r\n", b"X: x\r\n"),
        (OK + b"Content-Encoding: zstd\r\n\r\n\x28\xb5\x2f\xfd", b"\x00"),
        (OK + b"Content-Encoding: br\r\n\r\n", b"\x00"),
        (b"HTTP/1.1 302 Found\r\nLocation: /", b"x"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", b"x"),
    ],
)
async def test_answers(context: Context, start: bytes, drop: bytes) -> None:
    async with dripping(start, drop) as port:
        seen = await look(context, f"http://127.0.0.1:{port}/", timeout_s=TIMEOUT_S)
    assert seen.duration_ms < TIMEOUT_S * 1000 + SLACK_MS
    assert seen.trouble is not None
    assert seen.trouble.reason in {Reason.TIMEOUT, Reason.PROTOCOL_ERROR}, seen.trouble


@pytest.mark.parametrize(("start", "drop"), [(b"", b"\x16"), (TLS_HELLO, b"\x00")])
@pytest.mark.parametrize("version", ["auto", "2"])
async def test_handshakes(context: Context, start: bytes, drop: bytes, version: str) -> None:
    async with dripping(start, drop) as port:
        url = f"https://127.0.0.1:{port}/"
        seen = await look(context, url, timeout_s=TIMEOUT_S, http_version=version)
    assert seen.duration_ms < TIMEOUT_S * 1000 + SLACK_MS
    assert seen.trouble is not None
    assert seen.trouble.reason in {Reason.TIMEOUT, Reason.TLS_HANDSHAKE}, seen.trouble


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks4a", "socks5", "socks5h"])
@pytest.mark.parametrize("url", ["http://192.0.2.1/", "https://192.0.2.1/"])
async def test_proxies(context: Context, scheme: str, url: str) -> None:
    start = {"http": b"HTTP/1.1 2", "socks4": b"\0", "socks5": b"\x05\0\x05\0\0\x03\xff"}
    said = start.get(scheme.rstrip("ah"), b"")
    async with dripping(said, b"0") as port:
        proxy = {"url": f"{scheme}://127.0.0.1:{port}"}
        seen = await look(context, url, timeout_s=TIMEOUT_S, proxy=proxy)
    assert seen.duration_ms < TIMEOUT_S * 1000 + SLACK_MS
    assert seen.trouble is not None


HTTP2 = bytes.fromhex("000000040000000000")  # an empty SETTINGS


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """RFC 9113, section 4.1."""
    size = len(payload).to_bytes(3, "big")
    return size + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (HTTP2, b"\x00"),
        (HTTP2, frame(6, 0, 0, bytes(8)) * 500),  # pings, each to be answered
        (HTTP2, HTTP2 * 500),
        (HTTP2 + frame(1, 0, 1, b"\x88"), frame(9, 0, 1, b"\x00\x01x\x01y" * 100) * 100),
        (HTTP2 + frame(1, 4, 1, b"\x88"), frame(0, 0, 1, b"x" * 1000)),
        (HTTP2 + frame(1, 4, 1, b"\x88"), frame(0, 0, 1, b"") * 500),
        (HTTP2, frame(8, 0, 1, b"\x7f\xff\xff\xff")),
        (HTTP2, frame(7, 0, 0, bytes(8))),
        (HTTP2, frame(3, 0, 1, bytes(4))),
        (HTTP2, frame(99, 255, 77, b"?" * 16_000)),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    ],
    ids=["drip", "pings", "settings", "continuation", "body", "nothing", "window", "goaway",
         "reset", "unknown", "http1"],
)  # fmt: skip
async def test_http2(context: Context, start: bytes, drop: bytes) -> None:
    async with dripping(start, drop) as port:
        url = f"http://127.0.0.1:{port}/"
        seen = await look(context, url, timeout_s=TIMEOUT_S, http_version="2-prior-knowledge")
    assert seen.duration_ms < TIMEOUT_S * 1000 + SLACK_MS
    assert seen.trouble is not None
    assert seen.trouble.reason is not Reason.INTERNAL_ERROR, seen.trouble
