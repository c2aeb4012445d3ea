"""NTLM over HTTP (MS-NTHT): two requests on one connection, which no other check may share."""

import base64
from dataclasses import replace
from typing import Any, Protocol

import pycurl

from vedette.core.http import NtlmAuth
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.domain import Trouble
from vedette.prober.http.exchange import Terms, exchange
from vedette.prober.http.request import authorized
from vedette.prober.http.seeing import Exchange
from vedette.prober.http.sending import Sending
from vedette.prober.multi import Handle

_KEPT = ((pycurl.FORBID_REUSE, 0),)
_TAKEN_UP = ((pycurl.FRESH_CONNECT, 0),)
_MISSING = "auth by ntlm needs pyspnego, which this prober does not have"


class _Talk(Protocol):
    """Our side of a login."""

    def step(self, token: bytes | None = None, /) -> bytes | None:
        """The next message, after the other side's."""
        ...


async def logged_in(sending: Sending, handle: Handle, context: Context, terms: Terms) -> Exchange:
    """Send a request, after proving who we are if the target asks for it."""
    login, origin = sending.manner.ntlm, sending.request.origin
    assert login is not None
    try:
        talk = _talk(login, origin.host)
    except ImportError:
        return Exchange({}, {}, Trouble(Reason.INTERNAL_ERROR, _MISSING), None, None)
    private = replace(context, curl=CurlDriver())
    try:
        first = await exchange(_opening(sending, talk), handle, private, terms)
        if first.challenge is None:
            return first
        try:
            proof = _encoded(talk.step(base64.b64decode(first.challenge, validate=True)))
        except Exception as error:  # whatever a malformed one makes of the library
            words = f"the NTLM challenge of {origin.peer} can't be read: {error}"
            return replace(first, trouble=Trouble(Reason.PROTOCOL_ERROR, words))
        handle.reset()  # keeps cookies
        second = await exchange(_proving(sending, proof), handle, private, terms)
        if handle.getinfo(pycurl.NUM_CONNECTS):
            words = f"{origin.peer} closed the connection in the middle of an NTLM login"
            second = replace(second, trouble=Trouble(Reason.PROTOCOL_ERROR, words))
    finally:
        private.curl.close()
    return replace(_joined(first, second), secret=proof.decode())


def _talk(login: NtlmAuth, host: str) -> _Talk:
    """Raises ImportError if the library is missing."""
    import spnego

    name = login.username if login.domain is None else f"{login.domain}\\{login.username}"
    # Its own implementation, whatever the system has: the latter may know other accounts.
    own = spnego.NegotiateOptions.use_ntlm
    return spnego.client(
        name, login.password, hostname=host, service="HTTP", protocol="ntlm", options=own
    )


def _opening(sending: Sending, talk: _Talk) -> Sending:
    """The first request: its body is not sent yet, as it will be asked for again."""
    request = authorized(sending.request, b"NTLM " + _encoded(talk.step()))
    if request.body is not None:
        request = replace(request, body=b"")
    opening = Sending.of(request, sending.manner)
    return replace(opening, setopts=(*opening.setopts, *_KEPT), opening=True)


def _proving(sending: Sending, proof: bytes) -> Sending:
    proving = Sending.of(authorized(sending.request, b"NTLM " + proof), sending.manner)
    return replace(proving, setopts=(*proving.setopts, *_TAKEN_UP), resumed=True)


def _encoded(message: bytes | None) -> bytes:
    return base64.b64encode(message or b"")


def _joined(first: Exchange, second: Exchange) -> Exchange:
    """Both as one."""
    phases: dict[str, float] = dict(first.phases)
    for phase, ms in second.phases.items():
        phases[phase] = phases.pop(phase, 0.0) + ms
    lasting: dict[str, Any] = {
        name: value for name, value in first.facts.items() if name not in {"status", "size"}
    }
    return replace(
        second,
        phases=phases,
        facts=lasting | second.facts,
        certificate=second.certificate or first.certificate,
    )
