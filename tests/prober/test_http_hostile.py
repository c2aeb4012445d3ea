"""Answers that want to crash, to hang or to fill up the prober: seeded random ones and handmade."""

import asyncio
import gzip
import random
import resource
import time

import pytest
from tests.prober.support import OK, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context

SEEDS = range(300)
PIECES = [
    b"HTTP/1.1 ", b"HTTP/2 ", b"200", b"301", b"401", b"103", b"999", b" OK", b"\r\n", b"\n",
    b"\r\n\r\n", b"Location: /", b"Location: http://[", b"Content-Length: ", b"5", b"-1",
    b"99999999999999999999", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: br\r\n", b"Set-Cookie: a=b; Domain=\r\n", b"\x00", b"\xff" * 40, b":",
    b"WWW-Authenticate: Digest \r\n", b"Connection: upgrade\r\n", b"fffffffffffffffff\r\n", b"0",
    gzip.compress(b"a" * 1000), OK, b"Alt-Svc: h3=\":1\"\r\n", b"x" * 5000,
]  # fmt: skip


def answer_from(seed: int) -> bytes:
    """Something between an answer and noise."""
    choose = random.Random(seed)
    start = choose.choice([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\n"])
    said = bytearray(start + b"".join(choose.choices(PIECES, k=choose.randint(0, 30))))
    for _ in range(choose.choice([0, 0, 1, 5])):
        if said:
            said[choose.randrange(len(said))] = choose.randrange(256)
    return bytes(said)


async def test_no_answer_is_our_own_fault(context: Context) -> None:
    auth = {"scheme": "digest", "username": "u", "password": "p"}
    for seed in SEEDS:
        async with serving(answer_from(seed)) as server:
            options = {"auth": auth} if seed % 3 == 0 else {}
            seen = await look(context, server.url, timeout_s=0.5, **options)
        assert seen.duration_ms < 2500, seed
        if seen.trouble is not None:
            assert seen.trouble.reason is not Reason.INTERNAL_ERROR, (seed, seen.trouble)


async def endlessly(writer: asyncio.StreamWriter, start: bytes, piece: bytes) -> None:
    writer.write(start)
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"\x00" * 65_536),
        (b"HTTP/1.1 200 ", b"OK" * 30_000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536),
        (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n" * 10_000),
        (b"", b"HTTP/1.1 103 Early Hints\r\nX: x\r\n\r\n" * 1_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n" * 10_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x" * 65_536),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"a"), b"\0" * 9999),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
    ],
    ids=["noise", "status", "header", "headers", "interim", "chunks", "trailers", "extension",
         "after-gzip", "body"],
)  # fmt: skip
async def test_what_never_ends_is_ended(context: Context, start: bytes, piece: bytes) -> None:
    async with serving(lambda _, writer: endlessly(writer, start, piece)) as server:
        await look(context, server.url, timeout_s=0.2)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        seen = await look(context, server.url, timeout_s=1)
        assert time.perf_counter() - began < 1.2
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert seen.trouble is None or seen.trouble.reason in {Reason.PROTOCOL_ERROR, Reason.TIMEOUT}
    assert grown_kib < 20_000
    if seen.answer is not None:
        assert len(seen.answer.body) <= 1024 * 1024
        assert len(seen.answer.head) <= 6000
