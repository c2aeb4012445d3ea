"""What comes in of one answer: the header lines, and the body up to a limit."""

from collections.abc import Sequence
from dataclasses import dataclass

from vedette.prober.answer import Answer
from vedette.prober.http.decoding import Decoder, Undecodable, decode, decoders
from vedette.prober.http.request import REDIRECTS

BODY_LIMIT = 1024 * 1024
_LOCATION = b"location:"
_LENGTH = b"content-length:"
_LENGTH_LINE = b"\n" + _LENGTH
_LONGEST_LENGTH = len(str(2**63)) - 1  # digits
_ENCODING = b"content-encoding:"
_AUTHENTICATE = b"www-authenticate:"
_NTLM = b"ntlm "
_UNAUTHORIZED = 401
_MOST_DRAINED = 64 * 1024
_BLANK = frozenset({b"\r\n", b"\n"})
_FINAL = 200
_ENOUGH, _TAKEN = 0, None  # what a callback returns to end the transfer, and to go on


@dataclass(frozen=True, slots=True)
class Taking:
    """How much of an answer is taken."""

    limit: int = BODY_LIMIT
    body: bool = True
    decode: bool = True
    asked_first: frozenset[int] = frozenset()
    """Statuses that libcurl may answer by itself, with credentials."""


class Reception:
    """libcurl's callbacks for one transfer; returning 0 ends it."""

    __slots__ = (
        "_challenged", "_decoders", "_follow", "_in_head", "_lowered", "_taking",
        "body", "challenge", "cut", "damage", "head", "larger", "location", "received", "status",
    )  # fmt: skip

    def __init__(self, taking: Taking, *, follow: bool, challenged: bool = False) -> None:
        self._taking = taking
        self._follow = follow
        self._challenged = challenged
        self._in_head = True
        self._lowered = b""
        """The head of the last answer in lower case, once it is complete."""
        self._decoders: Sequence[Decoder] = ()
        self.head: list[bytes] = []
        """The header lines of the last answer, an empty line, and the trailers."""
        self.status = 0
        """The status of that answer, once its head is complete and it isn't an interim one."""
        self.body = bytearray()
        self.received = 0
        """Bytes of the body as it came, encoded or not."""
        self.cut = False
        """Whether we ended the transfer: enough was seen."""
        self.larger = False
        """Whether the body went beyond the limit."""
        self.damage: str | None = None
        """What of the answer is broken although it came by valid means."""
        self.challenge: bytes | None = None
        """NTLM's, if one is expected: then the body is read to its end, and dropped."""
        self.location: bytes | None = None
        """Where a redirect that is to be followed leads."""

    def answer(self) -> Answer | None:
        """What came, if it has a status. It is let go of: an idle handle still holds this."""
        head, self.head = self.head, []
        body, self.body = self.body, bytearray()
        return Answer(self.status, head, body) if self.status else None

    def header(self, line: bytes) -> int | None:
        """One header line, or the empty line behind them."""
        if self._in_head and len(line) > 2:  # most are
            self.head.append(line)
            return _TAKEN
        if not self._in_head:
            if not line.startswith(b"HTTP/"):
                self.head.append(line)  # a trailer; libcurl bounds how much of them there is
                return _TAKEN
            self.head.clear()  # those before were interim answers
            self._in_head = True
            self.status = 0
        self.head.append(line)
        if line in _BLANK:
            self._in_head = False
            status = _status(self.head[0])
            if status >= _FINAL:
                self.status = status
                self._lowered = b"".join(self.head).lower()
                if not self._goes_on(status):
                    self.cut = True
                    return _ENOUGH
        return _TAKEN

    def write(self, chunk: bytes) -> int | None:
        """A piece of the body."""
        taking, body = self._taking, self.body
        if self.challenge is not None:
            return self._drain(chunk)
        if not taking.body:
            self.cut = True
            return _ENOUGH
        self.received += len(chunk)
        if self._decoders:
            try:
                body += decode(self._decoders, chunk, taking.limit + 1 - len(body))
            except Undecodable as error:
                self.damage = str(error)
                return _ENOUGH
        else:
            body += chunk
        if len(body) > taking.limit:
            del body[taking.limit :]
            self.cut = self.larger = True
            return _ENOUGH
        return _TAKEN

    def finish(self) -> None:
        """The transfer has ended well; what came may still be half an answer."""
        if self._in_head:
            self.damage = "its head ends too early"
        elif self._decoders and not all(decoder.finished for decoder in self._decoders):
            self.damage = "its encoded body ends too early"
        elif self._boundless():
            # libcurl would then take whatever comes for the whole.
            self.damage = "its Content-Length is more than can be"

    def _goes_on(self, status: int) -> bool:
        """Whether more than the head is wanted."""
        if status in self._taking.asked_first:
            return True
        if self._challenged and status == _UNAUTHORIZED:
            self.challenge = self._ntlm()
            if self.challenge is not None:
                return True
        if self._follow and status in REDIRECTS:
            # Nobody reads the body of a redirect that is followed, so it isn't waited for.
            self.location = self._field(_LOCATION)
            if self.location is not None:
                return False
        if self._taking.body and self._taking.decode:
            self._expect_encoded()
        return self._taking.body

    def _boundless(self) -> bool:
        """Whether it states a length that nobody can count to."""
        at = self._lowered.find(_LENGTH_LINE) + 1
        if self._lowered.find(b"\n", at) - at <= len(_LENGTH) + _LONGEST_LENGTH:
            return False
        return len((self._field(_LENGTH) or b"").lstrip(b"0")) > _LONGEST_LENGTH

    def _drain(self, chunk: bytes) -> int | None:
        self.received += len(chunk)
        if self.received > _MOST_DRAINED:
            self.damage = f"its NTLM challenge goes on for more than {_MOST_DRAINED} bytes"
            return _ENOUGH
        return _TAKEN

    def _ntlm(self) -> bytes | None:
        values = (
            line[len(_AUTHENTICATE) :].strip()
            for line in self.head
            if line[: len(_AUTHENTICATE)].lower() == _AUTHENTICATE
        )
        tokens = (v[len(_NTLM) :].strip() for v in values if v[: len(_NTLM)].lower() == _NTLM)
        return next(filter(None, tokens), None)

    def _expect_encoded(self) -> None:
        if _ENCODING not in self._lowered:
            return
        try:
            self._decoders = decoders((self._field(_ENCODING) or b"").decode("latin-1"))
        except Undecodable as error:
            self._decoders = [_Hopeless(str(error))]

    def _field(self, prefix: bytes) -> bytes | None:
        """The value of a field that is there once, and not empty."""
        length = len(prefix)
        for line in self.head:
            if line[:length].lower() == prefix:
                return line[length:].strip() or None
        return None


class _Hopeless:
    """Stands for a coding we don't know: it matters only if a body comes."""

    finished = True

    def __init__(self, why: str) -> None:
        self._why = why

    def decode(self, data: bytes, most: int) -> bytes:
        raise Undecodable(self._why)


def _status(line: bytes) -> int:
    words = line.split(maxsplit=2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
