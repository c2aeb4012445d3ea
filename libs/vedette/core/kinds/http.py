"""Kind `http`: one request to a URL, over HTTP or HTTPS.

Up when the answer's status is 200 to 299, or what a status assertion says instead, the whole
answer is valid HTTP, and every assertion holds. Redirects are followed, ten at most. Certificates
are verified. The first MiB of the body is read. HTTP/2 is spoken where the target offers it;
HTTP/3 only if `http_version` asks for it.

Assertions may look at status, header, body, json, json_schema, size, latency, certificate (over
TLS), redirects and ip. Phases are resolve, connect, tls, first_byte and transfer; of a check that
took several requests each is their sum, and `hops` tells those of redirects apart. In HTTP/3,
connect ends when the first packet of the target has come.

Credentials, cookies and the client certificate stay with the target's own origin or host when a
redirect leads elsewhere. A proxy or token endpoint that fails is an internal error: it says
nothing about the target.
"""

import base64
import json
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from vedette.core.assertions import subjects
from vedette.core.hosts import IpProtocol
from vedette.core.http import TOKEN, Auth, HttpProxy, NtlmAuth, check_headers, check_url
from vedette.core.monitor import ProbedSpec, Target
from vedette.core.nameserver import check_nameserver
from vedette.core.sent import SENT
from vedette.core.tls import TlsOptions
from vedette.core.urls import bare

_LARGEST_BODY = 65_536
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
_BODIES = ("body", "body_base64", "json_body", "form")
_OF_THE_BODY = frozenset({"body", "json", "json_schema", "size"})

Method = Annotated[str, StringConstraints(min_length=1, max_length=32)]
SpokenVersion = Literal["1.0", "1.1", "2", "3"]
Encoding = Literal["any", "off", "gzip", "deflate", "br", "zstd"]


class HttpTarget(Target):
    """One HTTP request, and what of its answer is taken."""

    model_config = ConfigDict(populate_by_name=True)

    url: str = Field(max_length=2048, examples=["https://example.org/health"])
    method: Method = Field(default="GET", description="Any token; methods are case-sensitive.")
    headers: dict[str, str] = Field(default={}, max_length=50)
    body: Annotated[str | None, SENT] = Field(default=None, max_length=_LARGEST_BODY)
    body_base64: Annotated[str | None, SENT] = Field(
        default=None, max_length=_LARGEST_BODY * 4 // 3 + 4, description="A body that is no text."
    )
    json_body: Annotated[Any, SENT] = Field(
        default=None, alias="json", description="A JSON value to send, with its Content-Type."
    )
    form: Annotated[dict[str, str | list[str]] | None, SENT] = Field(
        default=None, max_length=100, description="Fields to send as a form, urlencoded."
    )
    http_version: Literal["auto", "1.1", "2", "2-prior-knowledge", "3"] = Field(
        default="auto",
        description="What to speak: `auto` takes HTTP/2 where a target offers it over TLS, `2` "
        "insists on that, `2-prior-knowledge` speaks it without being offered it, `3` speaks "
        "HTTP/3 over QUIC and nothing else.",
    )
    http_versions: list[SpokenVersion] = Field(
        default=[], max_length=4, description="The versions that an answer may have; none: any."
    )
    follow_redirects: bool = True
    max_redirects: int = Field(default=10, ge=0, le=50)
    auth: Auth | None = None
    tls: TlsOptions = TlsOptions()
    require_tls: bool | None = Field(
        default=None,
        description="Whether the last answer must come over TLS (true), must not (false), or may.",
    )
    proxy: HttpProxy | None = None
    ip_protocol: IpProtocol = "any"
    resolver: str | None = Field(
        default=None,
        max_length=64,
        description="The name server to ask instead of the prober's: an address, with or without "
        "a port.",
        examples=["192.0.2.53", "[2001:db8::53]:5353"],
    )
    resolve_to: str | None = Field(
        default=None, max_length=45, description="The address to connect to instead of resolving."
    )
    compression: Encoding = Field(
        default="any",
        description="`any` offers what the prober can decode and takes any of it, `off` offers "
        "nothing and decodes nothing, else only this one is offered and must come.",
    )
    read_body: bool = Field(
        default=True, description="Whether the answer's body is read; else its head is enough."
    )
    body_limit_bytes: int = Field(
        default=1024 * 1024,
        ge=0,
        le=8 * 1024 * 1024,
        description="How much of the decoded body is read; the rest is left alone.",
    )
    fail_if_larger: bool = Field(
        default=False, description="Whether a body beyond the limit is a failure."
    )
    respect_robots: bool = Field(
        default=False,
        description="Whether the target is asked for its /robots.txt, once an hour, and not checked"
        " where that forbids it: such checks are internal errors, of the reason forbidden_target.",
    )

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        return check_url(url)

    @field_validator("method")
    @classmethod
    def _token(cls, method: str) -> str:
        if not set(method) <= TOKEN:
            raise ValueError(f"{method!r} is not a method (RFC 9110, section 9.1)")
        if method not in _METHODS and method.upper() in _METHODS:
            raise ValueError(f"methods are case-sensitive; did you mean {method.upper()} ?")
        return method

    @field_validator("headers")
    @classmethod
    def _plain(cls, headers: dict[str, str]) -> dict[str, str]:
        return check_headers(headers)

    @field_validator("body_base64")
    @classmethod
    def _decodes(cls, body: str | None) -> str | None:
        if body is not None:
            try:
                base64.b64decode(body, validate=True)
            except ValueError:
                raise ValueError("it is not base64") from None
        return body

    @field_validator("json_body")
    @classmethod
    def _small(cls, value: Any) -> Any:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"that is no JSON: {error}") from None
        if len(text) > _LARGEST_BODY:
            raise ValueError(f"it is more than {_LARGEST_BODY} characters long")
        return value

    @field_validator("resolver")
    @classmethod
    def _nameserver(cls, resolver: str | None) -> str | None:
        return None if resolver is None else check_nameserver(resolver)

    @field_validator("resolve_to")
    @classmethod
    def _address(cls, address: str | None) -> str | None:
        return None if address is None else str(ip_address(address))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = [name for name in _BODIES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError("a request has one body: one of body, body_base64, json and form")
        if self.http_version == "2" and urlsplit(self.url).scheme != "https":
            raise ValueError("http_version 2 is negotiated over TLS; use 2-prior-knowledge")
        if self.fail_if_larger and not self.read_body:
            raise ValueError("fail_if_larger needs read_body")
        self._check_version()
        self._check_proxy()
        self._check_address()
        self._check_encoding()
        return self

    def _check_version(self) -> None:
        first = self.http_version in {"auto", "1.1"} and (
            not self.http_versions or bool({"1.0", "1.1"} & set(self.http_versions))
        )
        if isinstance(self.auth, NtlmAuth) and not first:
            raise ValueError("auth by ntlm belongs to a connection, so it needs HTTP/1.1")
        third = self.http_version == "3"
        if self.http_versions and not third and set(self.http_versions) == {"3"}:
            raise ValueError("an answer in HTTP/3 alone (http_versions) needs http_version 3")
        if not third:
            return
        if urlsplit(self.url).scheme != "https":
            raise ValueError("http_version 3 needs an https URL: QUIC is always encrypted")
        if self.http_versions and "3" not in self.http_versions:
            raise ValueError("http_version 3 contradicts http_versions, which lack 3")
        if self.proxy is not None:
            raise ValueError("http_version 3 goes over UDP, which no proxy passes on")
        if self.tls.max_version != "1.3":
            raise ValueError("http_version 3 needs TLS 1.3, which tls.max_version excludes")

    def _check_proxy(self) -> None:
        if self.proxy is None or not self.proxy.resolves_itself:
            return
        if self.resolve_to or self.resolver or self.ip_protocol != "any":
            raise ValueError(
                "resolver, resolve_to and ip_protocol need a proxy that leaves resolving to us"
            )

    def _check_address(self) -> None:
        address = self.resolve_to or _literal(self.url)
        if address is None or self.ip_protocol not in {"ip4", "ip6"}:
            return
        if (":" in address) is not (self.ip_protocol == "ip6"):
            raise ValueError(f"ip_protocol is {self.ip_protocol}, but {address} is given")

    def _check_encoding(self) -> None:
        named = next((v for k, v in self.headers.items() if k.lower() == "accept-encoding"), None)
        if named is None or self.compression in {"any", "off"}:
            return
        if not _accepts(named, self.compression):
            raise ValueError(f"the header Accept-Encoding does not allow {self.compression}")

    def summary(self) -> str:
        """The method and URL, without any user name, password or query."""
        return f"{self.method} {bare(self.url)}"


class HttpMonitor(ProbedSpec):
    """A monitor of kind http."""

    kind: Literal["http"] = "http"
    target: HttpTarget

    @model_validator(mode="after")
    def _reads_what_it_asserts(self) -> Self:
        if not self.target.read_body and subjects(self.assertions) & _OF_THE_BODY:
            raise ValueError("an assertion on the body needs the target's read_body")
        return self


def _literal(url: str) -> str | None:
    try:
        return str(ip_address(urlsplit(url).hostname or ""))
    except ValueError:
        return None


def _accepts(accepted: str, encoding: str) -> bool:
    """Whether an Accept-Encoding allows an encoding (RFC 9110, section 12.5.3)."""
    weights: dict[str, bool] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        refused = any(p.replace(" ", "").rstrip("0") in {"q=", "q=0."} for p in parameters)
        weights[name] = not refused
    return weights.get(encoding, weights.get("*", False))
