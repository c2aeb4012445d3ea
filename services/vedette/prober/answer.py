"""What a target answered, decoded only as far as somebody looks at it."""

import codecs
import re
from collections.abc import Iterator, Sequence

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)


class Answer:
    """A target's last answer. `head` is its raw header lines, interim answers included."""

    __slots__ = ("_fields", "body", "head", "status")

    def __init__(
        self, status: int | None = None, head: Sequence[bytes] = (), body: bytes | bytearray = b""
    ) -> None:
        self.status = status
        self.head = head
        self.body = body
        self._fields: dict[str, list[str]] | None = None

    def fields(self) -> dict[str, list[str]]:
        """The values of each header by its lower-case name, as many as were sent."""
        if self._fields is None:
            self._fields = {}
            for name, value in _fields(self.head):
                self._fields.setdefault(name, []).append(value)
        return self._fields

    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; what is sent more than once is joined by commas."""
        return {name: ", ".join(values) for name, values in self.fields().items()}

    def text(self, limit: int | None = None) -> str:
        """The body (its first `limit` bytes) as text; what can't be decoded is replaced."""
        return bytes(self.body[:limit]).decode(self._charset(), errors="replace")

    def _charset(self) -> str:
        stated = _CHARSET.search(", ".join(self.fields().get("content-type", [])))
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
