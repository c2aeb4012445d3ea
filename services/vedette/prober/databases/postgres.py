"""What a PostgreSQL server says, looked at before its client reads it.

asyncpg trusts a server: a length that is too small it reads for ever, as it does a type of zero; a
step of SCRAM that no other went before ends the process; and of a login's rounds it works off as
many as the server likes.
"""

import re

from vedette.core.outcome import Reason
from vedette.prober.streams.starttls.refusals import refused
from vedette.prober.streams.stopped import Stopped

# The messages that may come first: how to log in, an error, a notice, another version.
_FIRST = b"RENv"
_TYPES = frozenset(b"RKSENZTDCIsn123tAGHWdcVv")
_LOGIN = ord("R")
_HEAD = 5
_LEAST = 4
_LONGEST_LOGIN = 64 * 1024
# Of a login by SCRAM: what it is offered with, goes on with and ends with.
_OFFER, _GO_ON, _END = 10, 11, 12
_BEFORE = {_GO_ON: _OFFER, _END: _GO_ON}
_MECHANISM = b"SCRAM-SHA-256\0"
_ROUNDS = re.compile(rb"(?:^|,)i=(\d+)")
_MOST_ROUNDS = 100_000
"""Twenty times as many as servers ask for; they take a fifth of a second."""


class Messages:
    """Messages of a type and a length that counts itself (PostgreSQL's "Message Formats")."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._head = bytearray()
        self._body = bytearray()
        self._left = 0
        self._begun = False
        self._step = 0

    def hear(self, data: bytes) -> None:
        """Some more of what is said. Raises Stopped."""
        if not self._begun and data[0] not in _FIRST:
            raise refused(self._peer, "PostgreSQL's answer to a login", data)
        self._begun = True
        at = 0
        while at < len(data):
            if len(self._head) < _HEAD:
                at += self._look_at(data[at : at + _HEAD - len(self._head)])
            else:
                taken = min(self._left, len(data) - at)
                if self._head[0] == _LOGIN:
                    self._body += data[at : at + taken]
                self._left -= taken
                at += taken
            if len(self._head) == _HEAD and not self._left:
                self._end()

    def _look_at(self, piece: bytes) -> int:
        """A piece of a head; how long it is."""
        self._head += piece
        if len(self._head) == _HEAD:
            length = int.from_bytes(self._head[1:], signed=True)
            too_long = self._head[0] == _LOGIN and length > _LONGEST_LOGIN
            if self._head[0] not in _TYPES or length < _LEAST or too_long:
                raise refused(self._peer, "a message of PostgreSQL's", bytes(self._head))
            self._left = length - _LEAST
        return len(piece)

    def _end(self) -> None:
        if self._head[0] == _LOGIN:
            self._follow(int.from_bytes(self._body[:4]), bytes(self._body[4:]))
            self._body.clear()
        self._head.clear()

    def _follow(self, step: int, said: bytes) -> None:
        """A step of the login."""
        before = _BEFORE.get(step)
        if before is not None and before != self._step:
            raise refused(self._peer, "the login's next step", said)
        offered = step != _OFFER or b"\0" + _MECHANISM in b"\0" + said
        self._step = step if offered else 0
        rounds = _ROUNDS.search(said) if step == _GO_ON else None
        if rounds is not None and (len(rounds[1]) > 9 or int(rounds[1]) > _MOST_ROUNDS):
            words = f"{self._peer} asks for more rounds of SCRAM than a check works off"
            raise Stopped(Reason.INTERNAL_ERROR, words)
