"""The proof that a server has its host key: an exchange of keys with elliptic curves.

The server signs what both sides have said so far, with a shared secret that only this exchange
has (RFC 4253, section 8; RFC 5656, section 4; RFC 8731). The mathematics is cryptography's.
"""

import binascii
import hashlib
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_public_key,
)

from vedette.prober.ssh.packets import Malformed, Reader, mpint, string

_POINT = (Encoding.X962, PublicFormat.UncompressedPoint)
_RSA = {"rsa-sha2-512": hashes.SHA512(), "rsa-sha2-256": hashes.SHA256()}
_ECDSA = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
SIGNATURES = {"ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"]}
"""The ways in which keys of a type sign, if they have other names than it; SHA-1 proves nothing."""


class Unproven(Exception):
    """A signature that is not the key's."""


class Secret(Protocol):
    """Our half of an exchange."""

    @property
    def public(self) -> bytes:
        """What the server is told."""
        ...

    def shared(self, theirs: bytes) -> int:
        """The secret that both have, from what the server tells. Raises ValueError."""
        ...


class _Montgomery:
    def __init__(self) -> None:
        self._key = X25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def shared(self, theirs: bytes) -> int:
        return int.from_bytes(self._key.exchange(X25519PublicKey.from_public_bytes(theirs)), "big")


class _Weierstrass:
    def __init__(self, curve: ec.EllipticCurve) -> None:
        self._key = ec.generate_private_key(curve)
        self.public = self._key.public_key().public_bytes(*_POINT)

    def shared(self, theirs: bytes) -> int:
        point = ec.EllipticCurvePublicKey.from_encoded_point(self._key.curve, theirs)
        return int.from_bytes(self._key.exchange(ec.ECDH(), point), "big")


@dataclass(frozen=True, slots=True)
class Method:
    """A way to exchange keys: the hash of what was said, and the curve."""

    hash: str
    curve: ec.EllipticCurve | None

    def secret(self) -> Secret:
        """A new half of an exchange."""
        return _Montgomery() if self.curve is None else _Weierstrass(self.curve)


METHODS = {
    "curve25519-sha256": Method("sha256", None),
    "curve25519-sha256@libssh.org": Method("sha256", None),
    "ecdh-sha2-nistp256": Method("sha256", ec.SECP256R1()),
    "ecdh-sha2-nistp384": Method("sha384", ec.SECP384R1()),
    "ecdh-sha2-nistp521": Method("sha512", ec.SECP521R1()),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What both sides have said before: their identifications and their KEXINITs."""

    our_line: bytes
    their_line: bytes
    our_kexinit: bytes
    their_kexinit: bytes


def proven_key(reply: bytes, said: Said, method: Method, secret: Secret) -> bytes:
    """The host key in a KEX_ECDH_REPLY.

    Raises Malformed, and Unproven if it has signed something else.
    """
    reader = Reader(reply[1:])
    key, theirs, signature = reader.string(), reader.string(), reader.string()
    try:
        shared = secret.shared(theirs)
    except ValueError as error:
        raise Malformed(f"its half of the exchange is not valid: {error}") from None
    parts = (said.our_line, said.their_line, said.our_kexinit, said.their_kexinit, key)
    spoken = b"".join(map(string, (*parts, secret.public, theirs))) + mpint(shared)
    _verify(key, signature, hashlib.new(method.hash, spoken).digest())
    return key


def _verify(key: bytes, signature: bytes, signed: bytes) -> None:
    kind = Reader(key).string()
    reader = Reader(signature)
    way, value = reader.string().decode(errors="replace"), reader.string()
    try:
        public = load_ssh_public_key(kind + b" " + _base64(key))
        match public:
            case ed25519.Ed25519PublicKey():
                public.verify(value, signed)
            case rsa.RSAPublicKey() if way in _RSA:
                public.verify(value, signed, padding.PKCS1v15(), _RSA[way])
            case ec.EllipticCurvePublicKey():
                numbers = Reader(value)
                pair = encode_dss_signature(numbers.mpint(), numbers.mpint())
                public.verify(pair, signed, ec.ECDSA(_ECDSA[public.curve.key_size]))
            case _:
                raise Malformed(f"its host key signs by {way[:40]!r}")
    except InvalidSignature:
        raise Unproven from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed(f"its host key is not valid: {error}") from None


def _base64(octets: bytes) -> bytes:
    return binascii.b2a_base64(octets, newline=False)
