"""Requests: the first one from the target, and the next one after a redirect."""

from dataclasses import dataclass, replace

from vedette.core.kinds.http import HttpTarget
from vedette.core.version import __version__
from vedette.prober.http.origin import Origin, locate

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_USER_AGENT = ("user-agent", f"User-Agent: Vedette/{__version__}".encode())
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

    def lines(self) -> list[bytes]:
        """The header lines."""
        return [line for _, line in self.headers]


def request_of(target: HttpTarget) -> Request:
    """The first request of a check. Raises ValueError if libcurl can't read the URL."""
    place = locate(target.url)
    given = {name.lower() for name in target.headers}
    headers = [
        (name.lower(), _line(name, value))
        for name, value in target.headers.items()
        if name.lower() != "cookie"  # goes with those of the chain, in one line
    ]
    if "user-agent" not in given:
        headers.append(_USER_AGENT)
    if place.authorization and "authorization" not in given:
        headers.append(("authorization", b"Authorization: " + place.authorization))
    body = None if target.body is None or target.method == "HEAD" else target.body.encode()
    if body is not None and "content-type" not in given:
        headers.append(("content-type", b"Content-Type:"))  # libcurl would say it is a form
    return Request(
        method=target.method,
        url=place.url,
        origin=place.origin,
        headers=tuple(headers),
        cookie=_cookie(target),
        body=body,
    )


def redirected(request: Request, status: int, location: bytes) -> Request:
    """The request that follows a redirect (RFC 9110, section 15.4, as browsers read it).

    Raises ValueError if the location is not an http or https URL.
    """
    place = locate(location, request.url)
    following = replace(request, url=place.url, origin=place.origin)
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
