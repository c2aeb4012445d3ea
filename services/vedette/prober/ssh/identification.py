"""Who a server says that it is (RFC 4253, section 4.2)."""

import re
from dataclasses import dataclass

from vedette.core.outcome import Reason
from vedette.core.version import __version__
from vedette.prober.streams.dialogue import shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import Stream

OURS = f"SSH-2.0-Vedette_{__version__.replace('-', '_')}".encode()
_LINE = re.compile(rb"SSH-(?P<version>[^-\s]+)-(?P<software>\S*)(?: (?P<comment>.*))?")
_LONGEST = 255
# 1.99 is 2.0 of a server that speaks older versions as well (section 5.1).
_VERSIONS = frozenset({"2.0", "1.99"})


@dataclass(frozen=True, slots=True)
class Identification:
    """The line, and its parts."""

    line: bytes
    version: str
    software: str
    comment: str

    @property
    def text(self) -> str:
        """The line as text."""
        return self.line.decode(errors="replace")


async def identification(stream: Stream) -> Identification:
    """The server's; lines before it are skipped. Raises Stopped."""
    last = b""
    while (line := await stream.line()) is not None and not line.startswith(b"SSH-"):
        last = line
    if line is None:
        after = f"; the last it said is {shown(last)}" if last else ""
        words = f"{stream.peer} closed the connection before it identified itself{after}"
        raise Stopped(Reason.PROTOCOL_ERROR, words)
    found = _LINE.fullmatch(line)
    if found is None or len(line) > _LONGEST:
        words = f"{stream.peer} does not identify itself as SSH does: {shown(line)}"
        raise Stopped(Reason.PROTOCOL_ERROR, words)
    parts = [(part or b"").decode(errors="replace") for part in found.groups()]
    return Identification(line, *parts)


def check_version(told: Identification, peer: str) -> None:
    """Raises Stopped for a version that nobody should speak any more."""
    if told.version not in _VERSIONS:
        words = f"{peer} speaks version {told.version} of SSH, not 2.0"
        raise Stopped(Reason.PROTOCOL_ERROR, words)
