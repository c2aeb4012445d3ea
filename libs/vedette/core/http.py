"""What an HTTP target may need besides a URL: credentials, and a proxy."""

from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""The characters of a token: method, header name (RFC 9110, section 5.6.2)."""

_KINDS = {"ws": "websocket", "wss": "websocket", "http": "http", "https": "http"}
_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

Secret = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\r\n\x00]*$")]


def _not_blank(token: str) -> str:
    if not token.strip():
        raise ValueError("a token of blanks alone is none")
    return token


class Part(BaseModel):
    """A part of a target; equal parts are interchangeable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BasicAuth(Part):
    """Name and password, sent with the first request (RFC 7617)."""

    scheme: Literal["basic"]
    username: Secret = ""
    password: Secret = Field(default="", repr=False)


class DigestAuth(Part):
    """Name and password, proven to a server that asks for it (RFC 7616)."""

    scheme: Literal["digest"]
    username: Secret
    password: Secret = Field(default="", repr=False)


class NtlmAuth(Part):
    """Name and password, proven to a Windows server that asks for it (MS-NLMP, NTLMv2).

    The proof is one of the connection's, which this check has for itself, in HTTP/1.1.
    """

    scheme: Literal["ntlm"]
    username: Annotated[Secret, StringConstraints(min_length=1)]
    domain: Secret | None = Field(default=None, description="The account's, if it is in one.")
    password: Secret = Field(default="", repr=False)


class BearerAuth(Part):
    """A fixed token (RFC 6750)."""

    scheme: Literal["bearer"]
    token: Annotated[
        Secret, StringConstraints(min_length=1, max_length=8192), AfterValidator(_not_blank)
    ] = Field(repr=False)


class OAuth2Auth(Part):
    """A token by the client credentials grant (RFC 6749, section 4.4).

    It is kept until shortly before it expires. The token endpoint is asked by way of the target's
    proxy and TLS options; its failure is an internal error, no fault of the target's.
    """

    scheme: Literal["oauth2"]
    token_url: str = Field(max_length=2048)
    client_id: Secret
    client_secret: Secret = Field(repr=False)
    scope: Secret | None = Field(default=None, description="The scopes, separated by spaces.")
    audience: Secret | None = Field(
        default=None, description="Whom the token is for; some authorization servers ask for it."
    )
    client_auth: Literal["header", "body"] = Field(
        default="header", description="Where the client's id and secret are sent."
    )

    @field_validator("token_url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        return check_url(url)


Auth = Annotated[
    BasicAuth | DigestAuth | NtlmAuth | BearerAuth | OAuth2Auth, Field(discriminator="scheme")
]


class HttpProxy(Part):
    """A proxy between prober and target. Its failures are internal errors.

    socks4a and socks5h have the proxy resolve the target's name, socks4 and socks5 the prober.
    """

    url: str = Field(max_length=2048, examples=["http://proxy.example:3128"])
    username: Secret | None = None
    password: Secret | None = Field(default=None, repr=False)
    resolve_locally: bool = Field(
        default=False,
        description="The prober resolves the target's name and has an http or https proxy connect "
        "to the address, by CONNECT; else the proxy resolves it.",
    )

    @field_validator("url")
    @classmethod
    def _proxy(cls, url: str) -> str:
        parts = _split(url)
        if "://" not in url or parts.scheme not in _PROXY_SCHEMES:
            raise ValueError(f"a proxy's URL begins with one of {', '.join(_PROXY_SCHEMES)}")
        if not parts.hostname:
            raise ValueError("the URL names no host")
        if parts.username is not None:
            raise ValueError("give the proxy's name and password as `username` and `password`")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("a proxy's URL has no path")
        return url

    @property
    def resolves_itself(self) -> bool:
        """Whether it is the proxy that resolves the target's name."""
        scheme = _split(self.url).scheme
        return scheme in {"socks4a", "socks5h"} or not (
            self.resolve_locally or scheme.startswith("socks")
        )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.resolve_locally and self.url.startswith("socks"):
            raise ValueError("socks4 and socks5 resolve locally, socks4a and socks5h do not")
        if self.password is not None and self.username is None:
            raise ValueError("a password needs a username")
        return self


def check_url(url: str, plain: str = "http") -> str:
    """An http or https URL, as it is; of `plain` ws, a ws or wss one.

    Raises ValueError that says what is wrong with it.
    """
    parts = _split(url)
    schemes = f"{plain}:// or {plain}s://"
    if not url:
        raise ValueError(f"a URL starts with {schemes}; this one is empty")
    if "://" not in url:
        raise ValueError(f"a URL starts with {schemes}; did you mean {plain}s://{url} ?")
    if parts.scheme not in {plain, f"{plain}s"}:
        kind = _KINDS.get(parts.scheme)
        hint = f"; that is a target of kind {kind}" if kind is not None else ""
        raise ValueError(f"a URL starts with {schemes}, not {parts.scheme}://{hint}")
    if not parts.hostname:
        raise ValueError("the URL names no host")
    return url


def check_headers(headers: dict[str, str]) -> dict[str, str]:
    """Headers to be sent, as they are. Raises ValueError for a name or value that can't be."""
    for name, value in headers.items():
        if not name or not set(name) <= TOKEN:
            raise ValueError(f"{name!r} is not a header name (RFC 9110, section 5.1)")
        if any(c in value for c in "\r\n\0"):
            raise ValueError(f"the value of {name} has a line break")
    return headers


def _split(url: str) -> SplitResult:
    if any(c <= " " or c == "\x7f" for c in url):
        raise ValueError("a URL has no spaces or control characters; write %20 for a space")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (reading it is what validates it)
    except ValueError as error:
        raise ValueError(f"not a URL: {error}") from None
    return parts
