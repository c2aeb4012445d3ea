"""The upgrade from HTTP to a WebSocket, or why there is none (RFC 6455, section 4.1)."""

import re
from dataclasses import dataclass

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Response
from websockets.utils import accept_key

from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.streams.dialogue import shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Visit
from vedette.prober.websocket.request import Asking

_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?:\s|$)")
_ACCEPT = "Sec-WebSocket-Accept"
_SWITCHING = 101
_FINAL = 200


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A connection that is a WebSocket now."""

    protocol: ClientProtocol
    accepted: bool
    """Whether it was agreed to in the right words."""


async def upgrade(visit: Visit, asking: Asking, *, ignore_bad_accept: bool) -> Upgraded:
    """Ask for the upgrade. Raises Stopped if it is not agreed to."""
    visit.course.enter("upgrade", "WebSocket upgrade")
    protocol = asking.protocol()
    await visit.stream.send(asking.request(protocol).serialize())
    status = await _answer(visit)
    assert visit.answer is not None
    if status != _SWITCHING:
        words = f"{visit.place.peer} answered with HTTP status {status}, without an upgrade"
        raise Stopped(Reason.STATUS, words)
    headers = visit.answer.headers()
    accepted = headers.get(_ACCEPT.lower()) == accept_key(protocol.key)
    if ignore_bad_accept:
        headers = {**headers, _ACCEPT.lower(): accept_key(protocol.key)}
    try:
        protocol.process_response(Response(status, "", Headers(headers)))
    except InvalidHandshake as error:
        words = f"{visit.place.peer} did not agree to the upgrade as it should: {error}"
        raise Stopped(Reason.PROTOCOL_ERROR, words) from error
    return Upgraded(protocol, accepted)


async def _answer(visit: Visit) -> int:
    """The status of the final answer; its head becomes the visit's."""
    while True:
        head = await visit.stream.until(_END)
        said = _STATUS.match(head)
        if said is None or _END.search(head) is None:
            raise _no_http(visit.place.peer, head)
        status = int(said[1])
        if status == _SWITCHING or status >= _FINAL:
            break
    visit.facts["status"] = visit.subjects["status"] = status
    visit.answer = Answer(head=head.splitlines(keepends=True), body=visit.stream.unread)
    return status


def _no_http(peer: str, head: bytes) -> Stopped:
    if not head:
        return Stopped(Reason.PROTOCOL_ERROR, f"{peer} closed the connection without an answer")
    words = f"the answer of {peer} to the upgrade is not valid HTTP: {shown(head)}"
    return Stopped(Reason.PROTOCOL_ERROR, words)
