"""Kind `websocket`: a connection that is upgraded to a WebSocket, and a dialogue over it.

Up when the target agrees to the upgrade (RFC 6455) and to a subprotocol if any is offered, every
step of the dialogue goes as expected, the target closes as `close_codes` says, and every assertion
holds. Certificates are verified. Redirects are not followed. Pings are answered.

An HTTP answer without an upgrade, and a close code that is not among the `close_codes`, are the
reason `status`; an answer that agrees in the wrong words is `protocol_error`; one without any of
the subprotocols is `header`; another message than the expected one, none because the target
closes, and one beyond the limit are `body`.

The phases are resolve, connect, tls, upgrade, messages, and close if `close_codes` are given.
Assertions may look at status (101), header (of the answer to the upgrade), body and json (the last
message), size (its bytes), latency, certificate and ip.
"""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from vedette.core.dialogue import MAX_STEPS, MessageStep, check_references
from vedette.core.hosts import IpProtocol, host_name, version_of
from vedette.core.http import TOKEN, BasicAuth, BearerAuth, check_headers, check_url
from vedette.core.monitor import ProbedSpec, Target
from vedette.core.nameserver import Nameserver
from vedette.core.tls import HandshakeOptions

_OUR_HEADERS = frozenset({"connection", "upgrade", "content-length", "transfer-encoding"})

CloseCode = Annotated[int, Field(ge=1000, le=4999)]


class WebSocketTarget(Target):
    """A WebSocket, and what to say there."""

    url: str = Field(max_length=2048, examples=["wss://example.org/live"])
    headers: dict[str, str] = Field(default={}, max_length=50)
    auth: Annotated[BasicAuth | BearerAuth, Field(discriminator="scheme")] | None = None
    subprotocols: list[str] = Field(
        default=[], max_length=20, description="Subprotocols to offer, the preferred one first."
    )
    require_subprotocol: bool = Field(
        default=True,
        description="Whether the target must pick one of those that are offered, as browsers "
        "demand.",
    )
    ignore_bad_accept: bool = Field(
        default=False,
        description="Whether an answer with a wrong Sec-WebSocket-Accept, or none, will do. Such "
        "a target counts as one that closes normally (1000): it is not waited for.",
    )
    steps: list[MessageStep] = Field(default=[], max_length=MAX_STEPS)
    message_limit_bytes: int = Field(
        default=1024 * 1024,
        ge=1,
        le=8 * 1024 * 1024,
        description="The largest message that is taken; a larger one is a failure.",
    )
    close_codes: list[CloseCode] = Field(
        default=[],
        max_length=4000,
        description="When all is said we close (1000), and the target must close with one of "
        "these: 1000 to 4999, 1005 for no code, 1006 for a connection that just ends. Default: "
        "its goodbye is not waited for.",
    )
    tls: HandshakeOptions = HandshakeOptions()
    ip_protocol: IpProtocol = Field(
        default="any", description="Which addresses of the host are used, or which first."
    )
    resolver: Nameserver | None = Field(
        default=None,
        description="The name server to ask instead of the prober's: an address, with or without "
        "a port.",
    )

    @field_validator("url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        check_url(url, "ws")
        parts = urlsplit(url)
        host_name(parts.hostname or "")
        if "#" in url:
            raise ValueError("the URL of a WebSocket has no fragment (#); write %23 for a #")
        return url

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if name.lower() in _OUR_HEADERS or name.lower().startswith("sec-websocket-"):
                raise ValueError(f"{name} is the handshake's own; see the field subprotocols")
        return check_headers(headers)

    @field_validator("subprotocols")
    @classmethod
    def _tokens(cls, subprotocols: list[str]) -> list[str]:
        for name in subprotocols:
            if not name or not set(name) <= TOKEN:
                raise ValueError(f"{name!r} is no name of a subprotocol (RFC 6455, section 4.1)")
        if len(set(subprotocols)) < len(subprotocols):
            raise ValueError("each subprotocol is offered once")
        return subprotocols

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_references(self.steps)
        host = urlsplit(self.url).hostname or ""
        other = {"ip4": 6, "ip6": 4}.get(self.ip_protocol)
        if other is not None and version_of(host) == other:
            raise ValueError(f"ip_protocol is {self.ip_protocol}, but {host} is given")
        return self

    def summary(self) -> str:
        """The URL, without any user name, password or query."""
        parts = urlsplit(self.url)
        return f"WebSocket {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class WebSocketMonitor(ProbedSpec):
    """A monitor of kind websocket."""

    kind: Literal["websocket"] = "websocket"
    target: WebSocketTarget
