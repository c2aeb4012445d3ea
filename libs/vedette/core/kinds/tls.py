"""Kind `tls`: a TLS handshake with a port, and the certificate shown there.

Up when the handshake succeeds, the certificate is valid now, is trusted and names the host
(unless `tls.verify` is false), what is asked of it below holds, and every assertion does. With
`starttls`, the target is first asked to go over to TLS in the words of its own protocol.

Anything else can be asserted on, as property of the subject `certificate`: days_left,
chain_days_left, expires_at, chain_expires_at (the verified chain that lasts longest),
earliest_expires_at (the first of those sent to expire), not_before, issuer, subject, names,
serial, fingerprint, key (rsa-2048, ec-p256, ed25519, …), self_signed, chain_valid, version, cipher.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vedette.core.endpoints import Endpoint, StartTls
from vedette.core.hosts import Port
from vedette.core.monitor import ProbedSpec
from vedette.core.tls import HandshakeOptions

_SHA256_BYTES = 32


def _fingerprint(stated: str) -> str:
    try:
        octets = bytes.fromhex(stated.replace(":", ""))
    except ValueError:
        octets = b""
    if len(octets) != _SHA256_BYTES:
        raise ValueError("a fingerprint is 64 hexadecimal digits: the certificate's SHA-256")
    return octets.hex()


Fingerprint = Annotated[str, AfterValidator(_fingerprint)]


class TlsTarget(Endpoint):
    """A port that speaks TLS."""

    port: Port = 443
    starttls: StartTls | None = Field(
        default=None,
        description="Ask for TLS in the words of this protocol. Default: TLS from the first byte.",
    )
    tls: HandshakeOptions = HandshakeOptions()
    min_days_left: int | None = Field(
        default=None,
        ge=0,
        le=3650,
        description="Down when the certificate, or one that it depends on, expires in fewer days.",
    )
    fingerprints: list[Fingerprint] = Field(
        default=[],
        max_length=20,
        description="Down when the certificate is none of these (SHA-256). Default: any will do.",
    )

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.starttls is not None and "port" not in self.model_fields_set:
            raise ValueError(f"starttls needs the port at which the target speaks {self.starttls}")
        return self

    def summary(self) -> str:
        """The host and the port."""
        return f"TLS {self.peer}"


class TlsMonitor(ProbedSpec):
    """A monitor of kind tls."""

    kind: Literal["tls"] = "tls"
    target: TlsTarget
