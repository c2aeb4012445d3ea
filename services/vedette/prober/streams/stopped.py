"""How what a check finds out deep in a conversation gets to where its result is made."""

import errno
import os

from vedette.core.errors import VedetteError
from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble

_RESET = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})


class Stopped(VedetteError):
    """A check can't go on. It is caught where the check began."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.trouble = Trouble(reason, message)


def broken(doing: str, peer: str, error: OSError) -> Stopped:
    """What the system's error on an open connection means."""
    why = os.strerror(error.errno or 0)
    if error.errno in _RESET:
        return Stopped(Reason.CONNECT_RESET, f"{doing}: {peer} reset the connection")
    if error.errno in _UNREACHABLE:
        return Stopped(Reason.CONNECT_UNREACHABLE, f"{doing}: {peer} is out of reach now: {why}")
    if error.errno == errno.ETIMEDOUT:
        return Stopped(Reason.TIMEOUT, f"{doing}: {peer} no longer answers")
    return Stopped(Reason.INTERNAL_ERROR, f"{doing}: the prober's connection failed: {why}")
