"""The guard's hook in libcurl: sockets are given only for addresses that may be checked.

libcurl asks at connect time, with the address it is about to connect to (or to send QUIC to):
whatever spelling of the URL, answer of a name server or redirect has led there.
"""

import socket
from typing import Any

import pycurl

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.guard import Guard
from vedette.prober.multi import Ended, Handle

NOWHERE = "100::"
"""Of the addresses that lead nowhere (RFC 6666): never connected to, only to be refused."""


class Gate:
    """Gives one transfer its sockets, and knows which it refused."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._given: list[socket.socket] = []
        self._refusal: Trouble | None = None

    def trouble(self, ended: Ended, *, redirected: bool) -> Trouble | None:
        """Why the transfer got no socket at all, if that is why it failed."""
        if self._refusal is None or self._given or ended.code != pycurl.E_COULDNT_CONNECT:
            return None
        if redirected:  # where a redirect leads is the target's doing
            return Trouble(Reason.REDIRECT_BLOCKED, f"redirected: {self._refusal.message}")
        return self._refusal

    def ask(self, _purpose: int, address: Any) -> socket.socket | int:
        """libcurl's callback."""
        if address.addr[0] == NOWHERE:
            return int(pycurl.SOCKET_BAD)
        refusal = self._guard.check(address.addr[0])
        if refusal is not None:
            self._refusal = refusal
            return int(pycurl.SOCKET_BAD)
        try:
            given = socket.socket(address.family, address.socktype, address.protocol)
        except OSError:  # the driver finds out why
            return int(pycurl.SOCKET_BAD)
        self._given.append(given)
        return given

    def end(self, handle: Handle) -> None:
        """The transfer is over: close our side, for libcurl has a duplicate of each socket."""
        handle.unsetopt(pycurl.OPENSOCKETFUNCTION)
        for given in self._given:
            given.close()


def gated(handle: Handle, guard: Guard, *, always: bool = False) -> Gate | None:
    """Let the handle's next transfer connect only to where the guard allows, and not to NOWHERE.

    None where nothing is refused; else to be ended with the transfer.
    """
    if guard.open and not always:
        return None
    gate = Gate(guard)
    handle.setopt(pycurl.OPENSOCKETFUNCTION, gate.ask)
    return gate
