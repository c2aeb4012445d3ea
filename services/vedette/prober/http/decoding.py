"""Content codings (RFC 9110, section 8.4.1), undone piece by piece.

libcurl could undo them too, but takes a stream that ends too early for a whole one.
"""

import zlib
from collections.abc import Sequence
from typing import Protocol

import brotli
import zstandard

OFFERED = "gzip, deflate, br, zstd"
# The others that are registered with IANA.
_NOT_OFFERED = frozenset({"compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"})
_MOST_CODINGS = 5
# What a piece of 16 KiB may become between two codings; more would be a bomb.
_MOST_BETWEEN = 4 * 1024 * 1024
_GZIP_WBITS = 31
_RAW_WBITS = -15
# What decoders must take, and encoders of HTTP must keep to (RFC 9659).
_ZSTD_WINDOW = 8 * 1024 * 1024
# Four bytes may be a block of 128 KiB, and the decoder knows no limit to what it returns.
_ZSTD_STEP = 32
_ZSTD_STARTS = frozenset({0x28, *range(0x50, 0x60)})


class Undecodable(Exception):
    """A body that isn't what its Content-Encoding says; the message is why."""


class Decoder(Protocol):
    """Undoes one coding."""

    def decode(self, data: bytes, most: int) -> bytes:
        """Up to `most` more bytes; those beyond are lost. Raises Undecodable."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the stream has come to its end; one without a single byte has."""
        ...


def decoders(stated: str) -> list[Decoder]:
    """What undoes a Content-Encoding, in order. Raises Undecodable for what we don't undo.

    Words that are no coding, such as `utf-8`, are left out, as browsers do.
    """
    names = [name.strip().lower() for name in reversed(stated.split(","))]
    names = [name for name in names if name in _DECODERS or name in _NOT_OFFERED]
    if len(names) > _MOST_CODINGS:
        raise Undecodable(f"its body is encoded {len(names)} times")
    try:
        return [_DECODERS[name]() for name in names]
    except KeyError as unknown:
        raise Undecodable(f"its content encoding {unknown} was not offered") from None


def decode(chain: Sequence[Decoder], data: bytes, most: int) -> bytes:
    """Undo all codings. Raises Undecodable."""
    for decoder in chain[:-1]:
        data = decoder.decode(data, _MOST_BETWEEN)
    return chain[-1].decode(data, most)


class _Gzip:
    """One or more members (RFC 1952); whatever else follows them is not looked at."""

    name = "gzip"

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WBITS)
        self._began = False

    @property
    def finished(self) -> bool:
        return self._member.eof or not self._began

    def decode(self, data: bytes, most: int) -> bytes:
        out = b""
        while data and len(out) < most:
            if self._member.eof:
                if not data.startswith(b"\x1f"):
                    break
                self._member = zlib.decompressobj(_GZIP_WBITS)
            self._began = True
            out += _inflate(self._member, data, most - len(out), self.name)
            data = self._member.unused_data if self._member.eof else b""
        return out


class _Deflate:
    """With the wrapping it should have (RFC 1950), or without, as some servers send it."""

    name = "deflate"

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None
        self._start = b""

    @property
    def finished(self) -> bool:
        return self._stream.eof if self._stream is not None else not self._start

    def decode(self, data: bytes, most: int) -> bytes:
        if self._stream is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = zlib.decompressobj() if wrapped else zlib.decompressobj(_RAW_WBITS)
        return b"" if self._stream.eof else _inflate(self._stream, data, most, self.name)


class _Brotli:
    """RFC 7932."""

    name = "br"

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._began = False

    @property
    def finished(self) -> bool:
        return self._stream.is_finished() or not self._began

    def decode(self, data: bytes, most: int) -> bytes:
        if self._stream.is_finished():
            return b""
        self._began = True
        try:
            out = self._stream.process(data, output_buffer_limit=most)
        except brotli.error as error:
            raise Undecodable(f"its body is not the {self.name} that it says: {error}") from None
        return bytes(out[:most])


class _Zstd:
    """One or more frames (RFC 8878); whatever else follows them is not looked at."""

    name = "zstd"

    def __init__(self) -> None:
        self._frame = _zstd_frame()
        self._began = False

    @property
    def finished(self) -> bool:
        return self._frame.eof or not self._began

    def decode(self, data: bytes, most: int) -> bytes:
        out = bytearray()
        while data and len(out) < most:
            if self._frame.eof:
                if data[0] not in _ZSTD_STARTS:
                    break
                self._frame = _zstd_frame()
            self._began = True
            step, data = data[:_ZSTD_STEP], data[_ZSTD_STEP:]
            try:
                out += self._frame.decompress(step)
            except zstandard.ZstdError as error:
                why = f"its body is not the {self.name} that it says: {error}"
                raise Undecodable(why) from None
            if self._frame.eof:
                data = self._frame.unused_data + data
        return bytes(out[:most])


def _zstd_frame() -> "zstandard.ZstdDecompressionObj":
    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()


def _inflate(stream: "zlib._Decompress", data: bytes, most: int, name: str) -> bytes:
    try:
        return stream.decompress(data, max(1, most))
    except zlib.error as error:
        raise Undecodable(f"its body is not the {name} that it says: {error}") from None


_DECODERS: dict[str, type[_Gzip] | type[_Deflate] | type[_Brotli] | type[_Zstd]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
