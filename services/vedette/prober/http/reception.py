"""What comes in of one answer: the header lines, and the body up to a limit."""

from vedette.prober.http.request import REDIRECTS

BODY_LIMIT = 1024 * 1024
_LOCATION = b"location:"


class Reception:
    """libcurl's callbacks for one transfer; returning 0 ends it."""

    __slots__ = ("_follow", "body", "cut", "head", "location")

    def __init__(self, *, follow: bool) -> None:
        self._follow = follow
        self.head: list[bytes] = []
        self.body = bytearray()
        self.cut = False
        """Whether we ended the transfer: enough was seen."""
        self.location: bytes | None = None
        """Where a redirect that is to be followed leads."""

    def header(self, line: bytes) -> int:
        """One header line, or the empty line behind them."""
        self.head.append(line)
        # Nobody reads the body of a redirect that is followed, so it isn't waited for.
        if line == b"\r\n" and self._follow and not self.body:
            self.location = _location(self.head)
            if self.location is not None:
                self.cut = True
                return 0
        return len(line)

    def write(self, chunk: bytes) -> int:
        """A piece of the decoded body."""
        self.body += chunk
        if len(self.body) > BODY_LIMIT:
            del self.body[BODY_LIMIT:]
            self.cut = True
            return 0
        return len(chunk)


def _location(head: list[bytes]) -> bytes | None:
    start = max(at for at, line in enumerate(head) if line.startswith(b"HTTP/"))
    if _status(head[start]) not in REDIRECTS:
        return None
    fields = (line for line in head[start + 1 :] if line[: len(_LOCATION)].lower() == _LOCATION)
    return next((line[len(_LOCATION) :].strip() or None for line in fields), None)


def _status(line: bytes) -> int:
    code = line.split(maxsplit=2)[1:2]
    return int(code[0]) if code and code[0].isdigit() else 0
