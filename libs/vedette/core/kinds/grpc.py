"""Kind `grpc`: the health of a gRPC service, by the standard health protocol (grpc.health.v1).

Up when `Health/Check` answers that the service is SERVING (or what `expect_status` says), and every
assertion holds. An empty service is the whole server. HTTP/2 is spoken in the clear, or over TLS
if `tls` is given (`{}` verifies as a browser does).

Another health, and an error of gRPC's, are the reason `status`, by name: NOT_FOUND is what a server
says of a service that it does not know, UNIMPLEMENTED of the whole protocol. What is no answer of
gRPC's is `protocol_error`.

Assertions may look at answer (the health, like SERVING), header, latency, certificate and ip.
"""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from vedette.core.endpoints import Endpoint
from vedette.core.http import check_headers
from vedette.core.monitor import ProbedSpec
from vedette.core.tls import TlsOptions

Health = Literal["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
_NOT_METADATA = frozenset({"content-type", "te", "host", "connection", "content-length"})


class GrpcTarget(Endpoint):
    """A gRPC server, and one of its services."""

    service: str = Field(
        default="",
        max_length=1000,
        description="The name that the server knows the service by. Default: the whole server.",
        examples=["shop.v1.Orders"],
    )
    expect_status: Health = Field(default="SERVING", description="The health that is up.")
    tls: TlsOptions | None = Field(
        default=None, description="Speak TLS. Default: HTTP/2 in the clear."
    )
    authority: str | None = Field(
        default=None,
        min_length=1,
        max_length=300,
        pattern=r"^[^\s/?#@]+$",
        description="The name of the server in requests (:authority). Default: host and port.",
    )
    metadata: dict[str, str] = Field(
        default={},
        max_length=40,
        description="Headers to send along. Values of names that end with -bin are base64.",
    )

    @field_validator("metadata")
    @classmethod
    def _sendable(cls, metadata: dict[str, str]) -> dict[str, str]:
        for name in metadata:
            if name.lower() in _NOT_METADATA or name.lower().startswith("grpc-"):
                raise ValueError(f"{name} is gRPC's own; metadata has other names")
        return check_headers(metadata)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len({name.lower() for name in self.metadata}) < len(self.metadata):
            raise ValueError("metadata: each name is given once, in whatever case")
        return self

    def summary(self) -> str:
        """The host, the port and the service."""
        return f"gRPC {self.peer}" + (f" {self.service}" if self.service else "")


class GrpcMonitor(ProbedSpec):
    """A monitor of kind grpc."""

    kind: Literal["grpc"] = "grpc"
    target: GrpcTarget
