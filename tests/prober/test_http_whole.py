"""Answers are whole or broken: however they are cut, and wherever they end."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.prober.support import Script, answer, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.names import Resolver

BODY = b"all is well, " * 9
PACK: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "br": lambda data: bytes(brotli.compress(data)),
    "zstd": zstandard.compress,
}
Run = Callable[[Callable[[Context], Awaitable[None]]], None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs what needs a context, all of it on one loop."""
    with asyncio.Runner() as runner:

        async def opened() -> Context:
            return Context(CurlDriver(), Resolver(), "/etc/ssl/certs/ca-certificates.crt")

        async def closed() -> None:
            context.pinger.close()
            context.curl.close()
            await context.resolver.close()

        async def inside(check: Callable[[Context], Awaitable[None]]) -> None:
            await check(context)

        context = runner.run(opened())
        yield lambda check: runner.run(inside(check))
        runner.run(closed())


def chunked(body: bytes, sizes: list[int], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    said = b""
    for size in sizes:
        piece, body = body[:size], body[size:]
        if piece:
            said += b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)
    if body:
        said += b"%x\r\n%s\r\n" % (len(body), body)
    return said + b"0\r\n" + trailer + b"\r\n"


def in_pieces(said: bytes, cuts: list[int]) -> Script:
    async def script(_request: bytes, writer: asyncio.StreamWriter) -> None:
        at = sorted({cut % (len(said) + 1) for cut in cuts} | {0, len(said)})
        for start, end in pairwise(at):
            writer.write(said[start:end])
            await writer.drain()
            await asyncio.sleep(0)

    return script


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=400),
    coding=st.sampled_from(sorted(PACK)),
    sizes=st.none() | st.lists(st.integers(1, 200), max_size=5),
    interim=st.integers(0, 3),
    cuts=st.lists(st.integers(0), max_size=6),
)
def test_an_answer_is_read_however_it_is_cut(
    run: Run, body: bytes, coding: str, sizes: list[int] | None, interim: int, cuts: list[int]
) -> None:
    sent = PACK[coding](body)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n".encode()
    if sizes is None:
        said = head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent
    else:
        framed = chunked(sent, sizes, b";a=b", b"X-Trailer: 1\r\n")
        said = head + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    said = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * interim + said

    async def check(context: Context) -> None:
        async with serving(in_pieces(said, cuts)) as server:
            seen = await look(context, server.url)
        assert seen.trouble is None, seen.trouble
        assert seen.answer is not None
        assert bytes(seen.answer.body) == body
        assert seen.facts["size"] == len(sent)
        assert "link" not in seen.answer.headers()

    run(check)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("coding", ["identity", "zstd"])
def test_an_answer_that_ends_too_early_is_broken(run: Run, framing: str, coding: str) -> None:
    sent = PACK[coding](BODY)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n".encode()
    if framing == "length":
        whole = head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent
    else:
        whole = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(sent, [10, 20])
    # The very last line break, after the chunk that says that there is no more, may be lacking.
    last = len(whole) if framing == "length" else len(whole) - 2

    async def check(context: Context) -> None:
        for end in range(last):
            async with serving(whole[:end]) as server:
                seen = await look(context, server.url)
            assert seen.trouble is not None, whole[:end]
            assert seen.trouble.reason is Reason.PROTOCOL_ERROR, (whole[:end], seen.trouble)

    run(check)


@pytest.mark.parametrize(
    ("headers", "fits"),
    [
        (["X: " + "x" * 90_000], True),
        (["X: " + "x" * 110_000], False),
        (["X: " + "x" * 900] * 250, True),
        (["X: " + "x" * 900] * 400, False),
        (["X: y"] * 4900, True),
    ],
)
async def test_heads_are_bounded(context: Context, headers: list[str], fits: bool) -> None:
    async with serving(answer(200, *headers, body=b"ok")) as server:
        seen = await look(context, server.url)
    if fits:
        assert seen.trouble is None, seen.trouble
    else:
        assert seen.trouble is not None
        assert seen.trouble.reason is Reason.PROTOCOL_ERROR, seen.trouble


@pytest.mark.parametrize(
    "framed",
    [
        b"5\r\nhello",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"g\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n",
        b"fffffffffffffffff\r\nhello\r\n",
        b"ffffffff\r\nhello\r\n0\r\n\r\n",
        b"3\r\nhello\r\n0\r\n\r\n",
        b"",
    ],
)
async def test_chunks_that_lie(context: Context, framed: bytes) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed) as server:
        seen = await look(context, server.url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR, seen.trouble


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 9999999999999999999"],
        ["Content-Length: 99999999999999999999"],
        ["Content-Length: 5x"],
    ],
)
async def test_lengths_that_lie(context: Context, headers: list[str]) -> None:
    said = "\r\n".join(["HTTP/1.1 200 OK", *headers, "", "hello"]).encode()
    async with serving(said) as server:
        seen = await look(context, server.url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR, seen.trouble
