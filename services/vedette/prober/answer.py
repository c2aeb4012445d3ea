"""What a target answered, decoded only as far as somebody looks at it."""

import codecs
import re
from collections.abc import Sequence

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)


class Answer:
    """A target's last answer. `head` is its raw header lines, interim answers and
    trailers included.
    """

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
            self._fields = _gathered(self.head, _start(self.head))
        return self._fields

    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; what is sent more than once is joined by commas."""
        return _joined(self.fields())

    def trailers(self) -> dict[str, str]:
        """The fields that came behind the body, in the same form."""
        start = _start(self.head)
        ends = (at for at in range(start, len(self.head)) if not self.head[at].strip())
        return _joined(_gathered(self.head, next(ends, len(self.head)) + 1))

    def text(self, limit: int | None = None) -> str:
        """The body (its first `limit` bytes) as text; what can't be decoded is replaced."""
        return bytes(self.body[:limit]).decode(self._charset(), errors="replace")

    def _charset(self) -> str:
        stated = _CHARSET.search(", ".join(self.fields().get("content-type", [])))
        try:
            return codecs.lookup(stated[1]).name if stated else "utf-8"
        except LookupError:
            return "utf-8"


def _start(head: Sequence[bytes]) -> int:
    """Where the fields begin: behind the last status line."""
    starts = (at for at in reversed(range(len(head))) if head[at].startswith(b"HTTP/"))
    return next(starts, -1) + 1


def _gathered(head: Sequence[bytes], start: int) -> dict[str, list[str]]:
    """The fields from there on, up to an empty line."""
    gathered: dict[str, list[str]] = {}
    for line in head[start:]:
        name, separator, value = line.decode("latin-1").partition(":")
        if not separator:
            break
        gathered.setdefault(name.strip().lower(), []).append(value.strip())
    return gathered


def _joined(fields: dict[str, list[str]]) -> dict[str, str]:
    return {name: ", ".join(values) for name, values in fields.items()}
