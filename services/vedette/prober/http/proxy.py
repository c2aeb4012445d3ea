"""The proxy on the way to a target: how libcurl is told of it, and what its failures look like."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pycurl

from vedette.core.http import HttpProxy
from vedette.core.outcome import Reason
from vedette.prober.curl import Setopts
from vedette.prober.domain import Trouble
from vedette.prober.http.origin import bracketed, is_address
from vedette.prober.multi import Ended, Handle

_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080
_SUPPRESS_CONNECT_HEADERS = 265  # pycurl has no name for it
_SOCKS_ERROR = 97
_AUTHENTICATE = 407
# Whether a SOCKS proxy or the target behind it was too slow can't be told: then it's not said.
_BEFORE_TLS = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_OPERATION_TIMEDOUT})
# What a SOCKS5 proxy may say of the target (RFC 1928, section 6), as libcurl counts it.
_OF_THE_TARGET = {
    19: (Reason.CONNECT_REFUSED, "it refuses the connection"),
    21: (Reason.CONNECT_UNREACHABLE, "its host is unreachable"),
    22: (Reason.CONNECT_UNREACHABLE, "its network is unreachable"),
    24: (Reason.CONNECT_TIMEOUT, "connecting to it took too long"),
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy made ready."""

    host: str
    port: int
    secure: bool
    """Whether we speak TLS with it."""
    tunnels: bool
    """Whether it is SOCKS, which never looks into what it passes on."""
    resolves: bool
    """Whether it resolves the names of targets."""
    by_address: bool
    """Whether it is asked for addresses although it would take names."""
    setopts: Setopts

    @property
    def literal(self) -> bool:
        """Whether its host is an address."""
        return is_address(self.host)

    @property
    def peer(self) -> str:
        """How messages name it."""
        return f"the proxy {bracketed(self.host)}:{self.port}"


def proxy_of(settings: HttpProxy) -> Proxy:
    """A target's proxy."""
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode()
    port = parts.port or _PORTS.get(parts.scheme, _SOCKS_PORT)
    setopts: list[tuple[int, Any]] = [
        (pycurl.PROXY, f"{parts.scheme}://{bracketed(host)}:{port}"),
        (_SUPPRESS_CONNECT_HEADERS, 1),
    ]
    if settings.username is not None:
        setopts.append((pycurl.PROXYUSERNAME, settings.username.encode()))
        setopts.append((pycurl.PROXYPASSWORD, (settings.password or "").encode()))
    if settings.resolve_locally:  # as an address alone, a URL would name the wrong host
        setopts.append((pycurl.HTTPPROXYTUNNEL, 1))
    return Proxy(
        host=host,
        port=port,
        secure=parts.scheme == "https",
        tunnels=parts.scheme.startswith("socks"),
        resolves=settings.resolves_itself,
        by_address=settings.resolve_locally,
        setopts=tuple(setopts),
    )


def failure(proxy: Proxy, why: str) -> Trouble:
    """A fault of the proxy's, which says nothing about the target."""
    return Trouble(Reason.INTERNAL_ERROR, f"{proxy.peer} failed: {why}")


def proxy_trouble(
    proxy: Proxy, handle: Handle, ended: Ended, *, tunnelled: bool, secure: bool
) -> Trouble | None:
    """What went wrong on this side of the target; None if nothing did.

    `tunnelled` is whether an http or https proxy was to open a tunnel, `secure` whether the
    target speaks TLS.
    """
    failed = ended.code != pycurl.E_OK
    if tunnelled:
        said = handle.getinfo(pycurl.HTTP_CONNECTCODE)
        return _no_tunnel(proxy, said, ended) if failed and not 200 <= said < 300 else None
    if ended.code == _SOCKS_ERROR:
        return _socks(proxy, handle.getinfo(pycurl.PROXY_ERROR), ended)
    if not proxy.tunnels and handle.getinfo(pycurl.RESPONSE_CODE) == _AUTHENTICATE:
        return failure(proxy, _connect(_AUTHENTICATE))
    if not failed or handle.getinfo(pycurl.REQUEST_SIZE):  # the target was asked
        return None
    # Behind SOCKS, the target's TLS comes before the first request to it.
    if proxy.tunnels and secure and ended.code not in _BEFORE_TLS:
        return None
    return failure(proxy, _words(ended))


def _no_tunnel(proxy: Proxy, said: int, ended: Ended) -> Trouble:
    return failure(proxy, _connect(said) if said else _words(ended))


def _socks(proxy: Proxy, error: int, ended: Ended) -> Trouble:
    reason, words = _OF_THE_TARGET.get(error, (Reason.INTERNAL_ERROR, ""))
    if reason is Reason.INTERNAL_ERROR:
        return failure(proxy, _words(ended))
    return Trouble(reason, f"{proxy.peer} says of the target that {words}")


def _connect(status: int) -> str:
    if status == _AUTHENTICATE:
        return "it does not accept our name and password (HTTP status 407)"
    return f"it did not connect us (HTTP status {status})"


def _words(ended: Ended) -> str:
    if ended.code == pycurl.E_OPERATION_TIMEDOUT:
        return "it took too long"
    return ended.message or str(pycurl.easy_strerror(ended.code))
