"""Bodies: how they are encoded, how much of them is read."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard
from tests.prober.support import answer, hang, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen

TEXT = b"all is well, " * 1000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "gzip-members": gzip.compress(TEXT[:5000]) + gzip.compress(TEXT[5000:]),
    "deflate": zlib.compress(TEXT),
    "deflate-raw": raw_deflate(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT, 19),
    "zstd-frames": zstandard.compress(TEXT[:5000]) + zstandard.compress(TEXT[5000:]),
    "gzip, br": brotli.compress(gzip.compress(TEXT)),
}


async def get(context: Context, body: bytes, encoding: str, **target: Any) -> Seen:
    said = answer(200, f"Content-Encoding: {encoding}", body=body)
    async with serving(said) as server:
        return await look(context, server.url, **target)


def reason(seen: Seen) -> Reason | None:
    return None if seen.trouble is None else seen.trouble.reason


@pytest.mark.parametrize("name", PACKED)
async def test_encodings(context: Context, name: str) -> None:
    seen = await get(context, PACKED[name], name.split("-", maxsplit=1)[0])
    assert seen.trouble is None
    assert seen.answer is not None
    assert seen.answer.body == TEXT
    assert seen.facts["size"] == len(PACKED[name])
    assert seen.subjects["size"] == len(PACKED[name])
    assert seen.facts["body_size"] == len(TEXT)


@pytest.mark.parametrize("name", PACKED)
async def test_half_of_an_encoded_body_is_not_a_body(context: Context, name: str) -> None:
    seen = await get(context, PACKED[name][:-6], name.split("-", maxsplit=1)[0])
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert "its encoded body ends too early" in seen.trouble.message


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "compress", "gzip, gzip"])
async def test_what_is_not_encoded_as_it_says(context: Context, encoding: str) -> None:
    assert reason(await get(context, b"\x00plain text", encoding)) is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("encoding", ["utf-8", "nonsense", "none", "utf-8, identity"])
async def test_words_that_are_no_encoding_leave_the_body_as_it_is(
    context: Context, encoding: str
) -> None:
    seen = await get(context, TEXT, encoding)
    assert reason(seen) is None
    assert seen.answer is not None
    assert seen.answer.body == TEXT


@pytest.mark.parametrize("encoding", ["identity", "gzip", "nonsense"])
async def test_an_empty_body_needs_no_decoding(context: Context, encoding: str) -> None:
    assert reason(await get(context, b"", encoding)) is None


@pytest.mark.parametrize(
    ("compression", "offered"),
    [
        ("any", "gzip, deflate, br, zstd"),
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("off", None),
    ],
)
async def test_what_is_offered(context: Context, compression: str, offered: str | None) -> None:
    async with serving(answer(204)) as server:
        await look(context, server.url, compression=compression)
    assert server.header("accept-encoding") == offered


async def test_what_is_offered_can_be_said_by_hand(context: Context) -> None:
    async with serving(answer(204)) as server:
        headers = {"Accept-Encoding": "br, gzip"}
        await look(context, server.url, compression="gzip", headers=headers)
    assert server.requests[0].lower().count(b"accept-encoding") == 1
    assert server.header("accept-encoding") == "br, gzip"


async def test_the_encoding_asked_for_must_come(context: Context) -> None:
    assert reason(await get(context, PACKED["gzip"], "gzip", compression="gzip")) is None
    other = await get(context, PACKED["br"], "br", compression="gzip")
    assert other.trouble is not None
    assert other.trouble.message == "the body is encoded as br, not gzip"
    async with serving(answer(200, body=TEXT)) as server:
        bare = await look(context, server.url, compression="gzip")
    assert reason(bare) is Reason.PROTOCOL_ERROR


async def test_without_compression_a_body_is_taken_as_it_is(context: Context) -> None:
    seen = await get(context, PACKED["gzip"], "gzip", compression="off")
    assert seen.answer is not None
    assert seen.answer.body == PACKED["gzip"]


@pytest.mark.parametrize(("size", "larger"), [(127, False), (128, False), (129, True)])
async def test_the_limit(context: Context, size: int, larger: bool) -> None:
    async with serving(answer(200, body=b"x" * size)) as server:
        cut = await look(context, server.url, body_limit_bytes=128)
        failed = await look(context, server.url, body_limit_bytes=128, fail_if_larger=True)
    assert cut.trouble is None
    assert cut.answer is not None
    assert len(cut.answer.body) == min(size, 128)
    assert reason(failed) is (Reason.BODY if larger else None)
    assert failed.facts["status"] == 200


async def test_the_limit_is_one_of_the_decoded_body(context: Context) -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    seen = await get(context, bomb, "gzip", body_limit_bytes=1000)
    assert seen.trouble is None
    assert seen.facts["body_size"] == 1000


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data, quality=3)),
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("name", PACKERS)
async def test_bombs_are_cut(context: Context, name: str, level: int) -> None:
    bomb = b"\x00" * 50_000_000
    for _ in range(level):
        bomb = PACKERS[name](bomb)
    tracemalloc.start()
    try:
        seen = await get(context, bomb, ", ".join([name] * level))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.facts["body_size"] == 1024 * 1024
    assert held < 12 * 1024 * 1024


async def test_a_window_wider_than_http_allows_is_refused(context: Context) -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    seen = await get(context, stream.compress(TEXT) + stream.flush(), "zstd")
    assert reason(seen) is Reason.PROTOCOL_ERROR


async def test_a_body_nobody_reads_is_not_waited_for(context: Context) -> None:
    async def promise(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
        )
        await hang(request, writer)

    async with serving(promise) as server:
        seen = await look(context, server.url, read_body=False)
    assert seen.trouble is None
    assert seen.facts["status"] == 200
    assert "size" not in seen.subjects
