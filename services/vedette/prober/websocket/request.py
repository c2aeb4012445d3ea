"""The request for an upgrade, and where it is sent."""

from dataclasses import dataclass

from websockets.client import ClientProtocol
from websockets.http11 import Request
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

from vedette.core.http import BasicAuth, BearerAuth
from vedette.core.kinds.websocket import WebSocketTarget
from vedette.core.version import __version__
from vedette.prober.http.origin import basic, bracketed
from vedette.prober.streams.visit import Place


@dataclass(frozen=True, slots=True)
class Asking:
    """A target's request made ready."""

    uri: WebSocketURI
    place: Place
    headers: dict[str, str]
    subprotocols: list[Subprotocol]
    limit: int

    @classmethod
    def of(cls, target: WebSocketTarget) -> "Asking":
        """Make a request ready. Raises ValueError for a URL that is none."""
        uri = parse_uri(target.url)
        host = uri.host.encode("idna").decode() if not uri.host.isascii() else uri.host
        name = uri.host = host.removesuffix(".")
        peer = f"{bracketed(name)}:{uri.port}"
        return cls(
            uri,
            Place(host, name, uri.port, peer, target.ip_protocol, target.resolver),
            _headers(target, uri),
            [Subprotocol(one) for one in target.subprotocols],
            target.message_limit_bytes,
        )

    def protocol(self) -> ClientProtocol:
        """The protocol of one connection. The upgrade is none of its states: we look at that."""
        return ClientProtocol(
            self.uri,
            subprotocols=self.subprotocols or None,
            state=State.OPEN,
            max_size=self.limit,
        )

    def request(self, protocol: ClientProtocol) -> Request:
        """The request to begin a connection with."""
        request = protocol.connect()
        for name, value in self.headers.items():
            if name in request.headers:  # Host, and what the URL says of Authorization
                del request.headers[name]
            request.headers[name] = value
        return request


def _headers(target: WebSocketTarget, uri: WebSocketURI) -> dict[str, str]:
    """The headers besides those of the handshake. Credentials win over a header."""
    headers = {"User-Agent": f"Vedette/{__version__}"}
    authorization = _authorization(target)
    for name, value in target.headers.items():
        if name.lower() == "user-agent":
            del headers["User-Agent"]
        if authorization is None or name.lower() != "authorization":
            headers[name] = value
    if authorization is not None:
        headers["Authorization"] = authorization
    return headers


def _authorization(target: WebSocketTarget) -> str | None:
    match target.auth:
        case BasicAuth(username=username, password=password):
            return basic(username.encode(), password.encode()).decode()
        case BearerAuth(token=token):
            return f"Bearer {token}"
    return None
