"""OpenSSL's contexts, which libcurl makes anew for each connection and forgets with it.

To make one takes a seventh of a handshake: each algorithm there is, is looked up again. So where
libcurl would make one for a transfer among others that speak TLS alike, it is given theirs. It
sets the same options on it as each time before; what a connection has of its own, as the name
that it asks for, libcurl sets on the connection. Who makes certain that transfers are alike, and
that only they are under way, is the driver.
"""

import ctypes
import threading
from functools import cache
from typing import Any

import pycurl
import structlog

from vedette.prober.imports import lead, slots

log = structlog.get_logger()
_pointer = ctypes.c_void_p
_NEW = ctypes.CFUNCTYPE(_pointer, _pointer)


class Kept:
    """The context of transfers that speak TLS alike, once the first has asked for one."""

    __slots__ = ("context",)

    def __init__(self) -> None:
        self.context = 0


class Turn(threading.local):
    """Whose transfers a thread goes on with, if they are alike."""

    kept: Kept | None = None


class Contexts:
    """Gives libcurl its contexts."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Raises AttributeError if the library lacks a function."""
        self.turn = Turn()
        self._make = _function(library, "SSL_CTX_new", _pointer, _pointer)
        self._hold = _function(library, "SSL_CTX_up_ref", ctypes.c_int, _pointer)
        self._free = _function(library, "SSL_CTX_free", None, _pointer)
        self._store = _function(library, "X509_STORE_new", _pointer)
        self._trust = _function(library, "SSL_CTX_set_cert_store", None, _pointer, _pointer)

    def give(self, method: int) -> int:
        """What SSL_CTX_new is to libcurl: a context of the caller's own, or a share of one."""
        kept = self.turn.kept
        if kept is None:
            return self._make(method) or 0
        if not kept.context:
            kept.context = self._make(method) or 0
            if not kept.context:
                return 0
        # As a new one, it trusts nobody yet: libcurl may add to what is trusted already.
        self._trust(kept.context, self._store())
        self._hold(kept.context)
        return kept.context

    def let_go(self, kept: Kept) -> None:
        """Forget a context; it is gone with the last connection that has it."""
        if kept.context:
            self._free(kept.context)
            kept.context = 0


@cache
def contexts() -> Contexts | None:
    """This process's; None if libcurl makes its contexts in another way than is known here."""
    if " OpenSSL/3." not in pycurl.version:
        return None
    try:
        library = ctypes.CDLL(pycurl._pycurl.__file__)
        found = slots(library, "curl_easy_init", "SSL_CTX_new")
        if len(found) != 1:
            return None
        given = Contexts(library)
        instead = _NEW(given.give)
        lead(found[0], instead)
    except (OSError, AttributeError, ValueError) as error:
        log.info("libcurl makes each context anew", reason=str(error))
        return None
    _INSTEAD.append(instead)
    return given


_INSTEAD: list[Any] = []
"""Functions that libcurl calls for as long as this process lives."""


def _function(library: ctypes.CDLL, name: str, returns: Any, *takes: Any) -> Any:
    found = getattr(library, name)
    found.restype, found.argtypes = returns, list(takes)
    return found
