"""Replies of a mail server (RFC 5321, section 4.2)."""

import re
from dataclasses import dataclass

from vedette.core.outcome import Reason
from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream

_LINE = re.compile(rb"([2-5][0-9]{2})([ -]|$)(.*)", re.DOTALL)
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """A code, and what is said with it, line by line."""

    code: int
    lines: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether it is a yes."""
        return 200 <= self.code < 300

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " ".join(filter(None, self.lines))

    def __str__(self) -> str:
        """For messages."""
        said = f"{self.code} {self.text}".strip()
        return repr(said if len(said) <= _MOST_SHOWN else said[: _MOST_SHOWN - 1] + "…")


async def reply(stream: Stream, to: str) -> Reply:
    """The next reply. Raises Stopped for what is none."""
    code: bytes | None = None
    lines: list[str] = []
    while True:
        line = await stream.line()
        found = None if line is None else _LINE.fullmatch(line)
        if found is None:
            raise refused(stream.peer, f"a reply to {to}", line)
        if code not in {None, found[1]}:
            words = f"{stream.peer} changed its mind in its reply to {to}: {code!r}, {found[1]!r}"
            raise Stopped(Reason.PROTOCOL_ERROR, words)
        code = found[1]
        lines.append(found[3].decode(errors="replace").strip())
        if found[2] != b"-":
            return Reply(int(code), tuple(lines))
