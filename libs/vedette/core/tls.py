"""How a prober speaks TLS to a target: whom it trusts, who it says it is, which versions it takes.

Certificates and keys are PEM text in the definition itself, so that every prober of every region
has them.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vedette.core.hosts import host_name

TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]
TLS_VERSIONS: tuple[TlsVersion, ...] = ("1.0", "1.1", "1.2", "1.3")

# The alerts of RFC 8446 (section 6) and RFC 5246 (section 7.2) that end a connection.
Alert = Literal[
    "unexpected_message", "bad_record_mac", "decryption_failed", "record_overflow",
    "decompression_failure", "handshake_failure", "no_certificate", "bad_certificate",
    "unsupported_certificate", "certificate_revoked", "certificate_expired",
    "certificate_unknown", "illegal_parameter", "unknown_ca", "access_denied", "decode_error",
    "decrypt_error", "export_restriction", "protocol_version", "insufficient_security",
    "internal_error", "inappropriate_fallback", "user_canceled", "no_renegotiation",
    "missing_extension", "unsupported_extension", "certificate_unobtainable",
    "unrecognized_name", "bad_certificate_status_response", "bad_certificate_hash_value",
    "unknown_psk_identity", "certificate_required", "no_application_protocol",
]  # fmt: skip

_BLOCK = re.compile(
    r"-----BEGIN (?P<what>[A-Z0-9 ]+)-----\s*(?P<data>[A-Za-z0-9+/=\s]*?)-----END (?P=what)-----"
)
_SEQUENCE = 0x30
_KEYS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")


class TlsOptions(BaseModel):
    """How to speak TLS. The defaults verify as a browser does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify: bool = Field(
        default=True,
        description="Whether the certificate must be valid, trusted and for the right host.",
    )
    ca: str | None = Field(
        default=None,
        max_length=262_144,
        description="The certificates to trust instead of the prober's, as PEM text.",
    )
    server_name: str | None = Field(
        default=None,
        max_length=253,
        description="The host name to ask for (SNI) and to verify. Default: the target's host.",
    )
    client_certificate: str | None = Field(
        default=None,
        max_length=65_536,
        description="The certificate to show to the target, and its intermediates, as PEM text.",
    )
    client_key: str | None = Field(
        default=None,
        max_length=16_384,
        repr=False,
        description="The key of the client certificate, as PEM text without a pass phrase.",
    )
    min_version: TlsVersion = Field(
        default="1.2", description="The oldest version of TLS to accept."
    )
    max_version: TlsVersion = Field(default="1.3", description="The newest one to offer.")

    @field_validator("server_name")
    @classmethod
    def _named(cls, name: str | None) -> str | None:
        return None if name is None else host_name(name)

    @field_validator("ca", "client_certificate")
    @classmethod
    def _certificates(cls, pem: str | None) -> str | None:
        if pem is not None and not any(what.endswith("CERTIFICATE") for what in _blocks(pem)):
            raise ValueError("holds no certificate: expected -----BEGIN CERTIFICATE----- …")
        return pem

    @field_validator("client_key")
    @classmethod
    def _key(cls, pem: str | None) -> str | None:
        if pem is None:
            return None
        if "ENCRYPTED" in pem:
            raise ValueError("the key has a pass phrase; give it without one")
        if not any(what in _KEYS for what in _blocks(pem)):
            raise ValueError("holds no private key: expected -----BEGIN PRIVATE KEY----- …")
        return pem

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.client_certificate is None) is not (self.client_key is None):
            raise ValueError("client_certificate and client_key go together")
        if TLS_VERSIONS.index(self.min_version) > TLS_VERSIONS.index(self.max_version):
            raise ValueError("min_version is newer than max_version")
        return self


class HandshakeOptions(TlsOptions):
    """TLS where the handshake itself is what is checked."""

    expect_alert: Alert | None = Field(
        default=None,
        description="The alert that the target must answer with, certificate_required for a "
        "target that must turn away those without a certificate. Default: none.",
    )


def _blocks(pem: str) -> list[str]:
    """What the blocks of a PEM text say they are. Raises ValueError for data that can't be."""
    found = list(_BLOCK.finditer(pem))
    for block in found:
        try:
            data = b64decode("".join(block["data"].split()), validate=True)
        except binascii.Error:
            raise ValueError(f"the {block['what'].lower()} is not valid base64") from None
        # Any of these is an ASN.1 SEQUENCE; whether it is sound only the prober can tell.
        if len(data) < 2 or data[0] != _SEQUENCE or not _complete(data):
            raise ValueError(f"the {block['what'].lower()} is cut off, or is none")
    return [block["what"] for block in found]


def _complete(der: bytes) -> bool:
    """Whether the length that a DER value states is its own (X.690, section 8.1.3)."""
    if der[1] < 0x80:
        return len(der) == 2 + der[1]
    size = der[1] & 0x7F
    return len(der) == 2 + size + int.from_bytes(der[2 : 2 + size], "big")
