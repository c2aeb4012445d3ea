"""How the requests of one target are sent, as options of libcurl's, prepared once."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import pycurl

from vedette.core.hosts import IpProtocol
from vedette.core.http import DigestAuth, NtlmAuth
from vedette.core.kinds.http import HttpTarget
from vedette.core.tls import TlsOptions
from vedette.prober.curl import Setopts, Standing
from vedette.prober.http.origin import Origin, bracketed
from vedette.prober.http.proxy import Proxy, proxy_of
from vedette.prober.http.reception import Taking
from vedette.prober.http.request import Request
from vedette.prober.http.securing import client_setopts, tls_setopts

_ALWAYS: Setopts = (
    (pycurl.NOSIGNAL, 1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.FRESH_CONNECT, 1),
    (pycurl.FORBID_REUSE, 1),
    (pycurl.COOKIEFILE, ""),  # keeps cookies, starting without any
)
_DIRECT: Setopts = ((pycurl.PROXY, ""),)  # the environment's would change what is checked
_VERSIONS = {
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2TLS,
    "2-prior-knowledge": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
}
_QUIC = ((pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_3ONLY),)
_UNAUTHORIZED = frozenset({401})


@dataclass(frozen=True, slots=True)
class Manner:
    """What is the same for all requests of a target, and where its own ones differ."""

    origin: Origin
    always: Setopts
    secure: Setopts
    own_ca: bool
    tls: TlsOptions
    quic: bool
    ntlm: NtlmAuth | None
    """For the target's own origin alone, as what follows."""
    credentials: Setopts
    client_certificate: Setopts
    """For the target's own host alone, as what follows."""
    server_name: str | None
    address: str | None
    protocol: IpProtocol
    nameserver: str | None
    proxy: Proxy | None
    straight: bool
    """Whether a URL's address is where to connect to, be it what it may."""
    taking: Taking

    def standing(self, request: Request) -> Standing | None:
        """The options that a handle may keep for the next request of this sort, whoever's it is.

        None if there is more to a request than its URL and header lines.
        """
        if not (self._plain and request.plain):
            return None
        secure = self.secure if request.origin.secure else ()
        lines = (_lines(request.lines()),) if request.usual else ()
        return _standing((*self.always, *secure, *lines))

    def setopts(self, request: Request) -> Setopts:
        """The options of one request, but for those that differ from check to check."""
        own_host = request.origin.host == self.origin.host
        options = [*self.always, *_of(request)]
        lines = request.lines()
        if request.origin == self.origin:
            options += self.credentials
        if request.origin.secure:
            options += self.secure
            if own_host:
                options += self.client_certificate
        if self.renames(request):
            options.append((pycurl.URL, _renamed(request.url, self.server_name)))
            if not any(name == "host" for name, _ in request.headers):
                lines.append(b"Host: " + _host(request.origin).encode())
        options.append(_lines(lines))
        return tuple(options)

    @property
    def _plain(self) -> bool:
        """Whether its standing options are everybody's: they hold no secret, and are few."""
        own = (self.own_ca, self.quic, self.ntlm, self.credentials, self.client_certificate)
        led = (self.server_name, self.address, self.proxy)
        return not any((*own, *led)) and self.protocol not in {"prefer_ip4", "prefer_ip6"}

    def renames(self, request: Request) -> bool:
        """Whether libcurl is told another host, so that it asks for that one's certificate."""
        own_host = request.origin.host == self.origin.host
        return self.server_name is not None and own_host and request.origin.secure


def manner_of(target: HttpTarget, origin: Origin) -> Manner:
    """A target's manner."""
    proxy = None if target.proxy is None else proxy_of(target.proxy)
    always = [*_ALWAYS, *(_DIRECT if proxy is None else proxy.setopts)]
    quic = target.http_version == "3"
    ntlm = target.auth if isinstance(target.auth, NtlmAuth) else None
    version = target.http_version if ntlm is None else "1.1"
    if version in _VERSIONS:
        always.append((pycurl.HTTP_VERSION, _VERSIONS[version]))
    digest = isinstance(target.auth, DigestAuth)
    return Manner(
        origin=origin,
        always=tuple(always),
        # Where a redirect leads to http, there is no QUIC.
        secure=(*tls_setopts(target.tls), *(_QUIC if quic else ())),
        own_ca=target.tls.ca is not None,
        tls=target.tls,
        quic=quic,
        ntlm=ntlm,
        credentials=_credentials(target),
        client_certificate=client_setopts(target.tls),
        server_name=target.tls.server_name,
        address=target.resolve_to,
        protocol=target.ip_protocol,
        nameserver=target.resolver,
        proxy=proxy,
        straight=proxy is None and target.resolve_to is None,
        taking=Taking(
            limit=target.body_limit_bytes,
            body=target.read_body,
            decode=target.compression != "off",
            asked_first=_UNAUTHORIZED if digest else frozenset(),
        ),
    )


def _lines(lines: list[bytes]) -> tuple[int, tuple[bytes, ...]]:
    return pycurl.HTTPHEADER, tuple(lines)


@cache
def _standing(setopts: Setopts) -> Standing:
    return Standing(setopts)


def _of(request: Request) -> list[tuple[int, Any]]:
    options: list[tuple[int, Any]] = [(pycurl.URL, request.url)]
    if request.cookie is not None:
        options.append((pycurl.COOKIE, request.cookie))
    if request.method == "HEAD":
        options.append((pycurl.NOBODY, 1))
    elif request.method != "GET" or request.body is not None:
        if request.body is not None or request.method == "POST":
            options.append((pycurl.POSTFIELDS, request.body or b""))
        options.append((pycurl.CUSTOMREQUEST, request.method))
    return options


def _credentials(target: HttpTarget) -> Setopts:
    if not isinstance(target.auth, DigestAuth):
        return ()
    return (
        (pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST),
        (pycurl.USERNAME, target.auth.username.encode()),
        (pycurl.PASSWORD, target.auth.password.encode()),
    )


def _renamed(url: str, host: str | None) -> str:
    parts = pycurl.CurlUrl(url)
    parts.host = host
    return str(parts.url)


def _host(origin: Origin) -> str:
    default = {"http": 80, "https": 443}[origin.scheme]
    return bracketed(origin.host) if origin.port == default else origin.peer
