"""What a target answered, decoded only as far as somebody looks at it."""

import codecs
import re
from collections.abc import Iterator, Sequence

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)


class Answer:
    """A target's last answer. `head` is its raw header lines, interim answers included."""

    __slots__ = ("body", "head", "status")

    def __init__(
        self, status: int | None = None, head: Sequence[bytes] = (), body: bytes | bytearray = b""
    ) -> None:
        self.status = status
        self.head = head
        self.body = body

    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; what is sent more than once is joined by commas."""
        found: dict[str, str] = {}
        for name, value in _fields(self.head):
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    def text(self, limit: int | None = None) -> str:
        """The body (its first `limit` bytes) as text; what can't be decoded is replaced."""
        return bytes(self.body[:limit]).decode(self._charset(), errors="replace")

    def _charset(self) -> str:
        stated = _CHARSET.search(self.headers().get("content-type", ""))
        try:
            return codecs.lookup(stated[1]).name if stated else "utf-8"
        except LookupError:
            return "utf-8"


def _fields(head: Sequence[bytes]) -> Iterator[tuple[str, str]]:
    """The fields behind the last status line, without trailers."""
    starts = (at for at in reversed(range(len(head))) if head[at].startswith(b"HTTP/"))
    for line in head[next(starts, -1) + 1 :]:
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator:
            return
        yield name.strip().lower(), value.strip()
