"""Encoded bodies of any sort: decoding them is bounded, and tells whole from broken."""

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from vedette.prober.http.decoding import Undecodable, decode, decoders

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data, quality=2)),
    "zstd": zstandard.compress,
}
CODINGS = st.lists(st.sampled_from(sorted(PACK)), min_size=1, max_size=3)
DATA = st.binary(max_size=3000) | st.builds(bytes.__mul__, st.binary(max_size=5), st.just(2000))
MOST = 1000
PIECE = 16 * 1024


def packed(data: bytes, codings: list[str]) -> bytes:
    for coding in codings:
        data = PACK[coding](data)
    return data


def pieces(data: bytes, seed: int) -> list[bytes]:
    cuts = sorted(random.Random(seed).choices(range(len(data) + 1), k=5))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]


@given(DATA, CODINGS, st.integers(0, 99))
def test_what_is_whole_comes_whole(data: bytes, codings: list[str], seed: int) -> None:
    chain = decoders(", ".join(codings))
    got = b"".join(decode(chain, piece, 100_000) for piece in pieces(packed(data, codings), seed))
    assert got == data
    assert all(decoder.finished for decoder in chain)


@given(st.binary(min_size=1, max_size=3000), st.sampled_from(sorted(PACK)), st.data())
def test_half_is_never_taken_for_whole(data: bytes, coding: str, draw: st.DataObject) -> None:
    whole = PACK[coding](data)
    half = whole[: draw.draw(st.integers(1, len(whole) - 1))]
    chain = decoders(coding)
    got = decode(chain, half, 100_000)
    assert data.startswith(got)
    assert not chain[0].finished


@given(DATA, CODINGS, st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=5))
def test_noise_is_undecodable_at_worst(
    data: bytes, codings: list[str], changes: list[tuple[int, int]]
) -> None:
    noise = bytearray(packed(data, codings) if changes else data)
    for at, byte in changes:
        if noise:
            noise[at % len(noise)] = byte
    chain = decoders(", ".join(codings))
    with suppress(Undecodable):
        for piece in pieces(bytes(noise), len(noise)):
            assert len(decode(chain, piece, MOST)) <= MOST


def dense() -> bytes:
    """A frame of zstd whose blocks are four bytes for 128 KiB (RFC 8878, section 3.1.1.2)."""
    block = (((128 * 1024) << 3) | 0b010).to_bytes(3, "little") + b"\0"
    return b"\x28\xb5\x2f\xfd\x00\x58" + block * 4096


@pytest.mark.parametrize("name", [*PACK, "zstd, dense"])
def test_a_piece_of_a_bomb_takes_little_memory(name: str) -> None:
    coding = name.partition(",")[0]
    bomb = PACK[coding](bytes(64 * 1024 * 1024)) if coding == name else dense()
    (decoder,) = decoders(coding)
    tracemalloc.start()
    try:
        got = decoder.decode(bomb[:PIECE], 1024 * 1024)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0 < len(got) <= 1024 * 1024
    assert set(got) == {0}
    assert held < 6 * 1024 * 1024
