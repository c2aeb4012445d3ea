"""Requests: the first one from the target, and the next one after a redirect."""

import base64
import json
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from vedette.core.http import BasicAuth, BearerAuth
from vedette.core.kinds.http import HttpTarget
from vedette.core.version import __version__
from vedette.prober.http.decoding import OFFERED
from vedette.prober.http.origin import Origin, basic, locate

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_USER_AGENT = ("user-agent", f"User-Agent: Vedette/{__version__}".encode())
_USUAL = (_USER_AGENT, ("accept-encoding", f"Accept-Encoding: {OFFERED}".encode()))
# Meant for one origin alone; "host" would even name the wrong one.
_BOUND = frozenset({"authorization", "host"})
_OF_THE_BODY = frozenset(
    {
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-type",
        "transfer-encoding",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Headers are pairs of a lower-case name and the line to send."""

    method: str
    url: str
    origin: Origin
    headers: tuple[tuple[str, bytes], ...] = ()
    cookie: bytes | None = None
    body: bytes | None = None
    redirected: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a first one, and says no more than its URL and header lines."""
        first = not self.redirected
        return first and self.method == "GET" and self.body is None and self.cookie is None

    @property
    def usual(self) -> bool:
        """Whether its header lines are those of all requests without headers of their own."""
        return self.headers == _USUAL

    def lines(self) -> list[bytes]:
        """The header lines."""
        return [line for _, line in self.headers]


def request_of(target: HttpTarget) -> Request:
    """The first request of a check. Raises ValueError if libcurl can't read the URL."""
    place = locate(target.url)
    given = {name.lower() for name in target.headers}
    authorization = _authorization(target)
    headers = [
        (name.lower(), _line(name, value))
        for name, value in target.headers.items()
        if name.lower() != "cookie"  # goes with those of the chain, in one line
        and not (name.lower() == "authorization" and target.auth is not None)
    ]
    if "user-agent" not in given:
        headers.append(_USER_AGENT)
    if "accept-encoding" not in given and target.compression != "off":
        offered = OFFERED if target.compression == "any" else target.compression
        headers.append(("accept-encoding", _line("Accept-Encoding", offered)))
    if target.auth is None and place.authorization and "authorization" not in given:
        authorization = place.authorization
    if authorization is not None:
        headers.append(("authorization", b"Authorization: " + authorization))
    body, content_type = _body(target)
    if body is not None and "content-type" not in given:
        # Without one, libcurl would say that it is a form.
        headers.append(("content-type", b"Content-Type:" + content_type))
    return Request(
        method=target.method,
        url=place.url,
        origin=place.origin,
        headers=tuple(headers),
        cookie=_cookie(target),
        body=body,
    )


def with_token(request: Request, token: bytes) -> Request:
    """The request with a bearer token."""
    return authorized(request, b"Bearer " + token)


def authorized(request: Request, authorization: bytes) -> Request:
    """The request with these credentials."""
    own = ("authorization", b"Authorization: " + authorization)
    return replace(request, headers=(*_without(request, frozenset({"authorization"})), own))


def redirected(request: Request, status: int, location: bytes) -> Request:
    """The request that follows a redirect (RFC 9110, section 15.4, as browsers read it).

    Raises ValueError if the location is not an http or https URL.
    """
    place = locate(location, request.url)
    following = replace(request, url=place.url, origin=place.origin, redirected=True)
    if place.origin != request.origin:
        following = replace(following, headers=_without(following, _BOUND), cookie=None)
    if place.authorization and not any(name == "authorization" for name, _ in following.headers):
        own = ("authorization", b"Authorization: " + place.authorization)
        following = replace(following, headers=(*following.headers, own))
    if _becomes_get(request.method, status):
        following = replace(
            following, method="GET", body=None, headers=_without(following, _OF_THE_BODY)
        )
    return following


def _body(target: HttpTarget) -> tuple[bytes | None, bytes]:
    """What is sent, and as what."""
    if target.method == "HEAD":
        return None, b""
    if target.json_body is not None:
        text = json.dumps(target.json_body, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), b" application/json"
    if target.form is not None:
        return urlencode(target.form, doseq=True).encode(), b" application/x-www-form-urlencoded"
    if target.body_base64 is not None:
        return base64.b64decode(target.body_base64), b""
    return (None if target.body is None else target.body.encode()), b""


def _authorization(target: HttpTarget) -> bytes | None:
    match target.auth:
        case BasicAuth(username=username, password=password):
            return basic(username.encode(), password.encode())
        case BearerAuth(token=token):
            return b"Bearer " + token.encode()
    return None


def _becomes_get(method: str, status: int) -> bool:
    if status == 303:
        return method not in {"GET", "HEAD"}
    return status in {301, 302} and method == "POST"


def _without(request: Request, names: frozenset[str]) -> tuple[tuple[str, bytes], ...]:
    return tuple(pair for pair in request.headers if pair[0] not in names)


def _line(name: str, value: str) -> bytes:
    # libcurl takes "Name:" for "don't send it", "Name;" for a header without a value.
    return f"{name}: {value}".encode() if value.strip() else f"{name};".encode()


def _cookie(target: HttpTarget) -> bytes | None:
    return next((v.encode() for k, v in target.headers.items() if k.lower() == "cookie"), None)
