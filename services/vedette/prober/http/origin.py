"""URLs as libcurl reads them, so that what is looked at is what is connected to."""

import base64
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

import pycurl

_FLAGS = pycurl.U_URLENCODE | pycurl.U_NON_SUPPORT_SCHEME
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port. The host is in ASCII, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int
    literal: bool
    secure: bool = field(init=False)
    """Whether it speaks TLS."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "secure", self.scheme == "https")

    @property
    def peer(self) -> str:
        """Host and port, as messages name them."""
        return f"{bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart, its user name and password as an Authorization header."""

    url: str
    origin: Origin
    authorization: bytes | None


def locate(url: str | bytes, base: str | None = None) -> Place:
    """Parse a URL, relative to `base` if one is given.

    Raises ValueError for what is not an http or https URL.
    """
    given = url.encode() if isinstance(url, str) else url
    try:
        parts = pycurl.CurlUrl(base) if base else pycurl.CurlUrl()
        parts.setpart(pycurl.UPART_URL, given, _FLAGS)
        if parts.scheme not in _PORTS:
            raise ValueError(f"{parts.scheme}:// is neither http:// nor https://")
        if not parts.host.isascii():
            parts.host = parts.host.encode("idna").decode()
        authorization = _authorization(parts)
        return Place(parts.url, _origin(parts), authorization)
    except pycurl.error as error:
        raise ValueError(error.args[-1]) from error


def _origin(parts: "pycurl.CurlUrl") -> Origin:
    host = parts.host.lower().removeprefix("[").removesuffix("]")
    port = int(parts.port) if parts.port else _PORTS[parts.scheme]
    return Origin(parts.scheme, host, port, is_address(host))


def _authorization(parts: "pycurl.CurlUrl") -> bytes | None:
    """Take user name and password out of the URL."""
    if parts.user is None and parts.password is None:
        return None
    user, password = unquote_to_bytes(parts.user or ""), unquote_to_bytes(parts.password or "")
    parts.user = parts.password = None
    return basic(user, password)


def basic(user: bytes, password: bytes) -> bytes:
    """The value of an Authorization header (RFC 7617)."""
    return b"Basic " + base64.b64encode(user + b":" + password)


def bracketed(host: str) -> str:
    """A host as it stands in front of a port."""
    return f"[{host}]" if ":" in host else host


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
