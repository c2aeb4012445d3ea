"""Certificates as people and assertions see them."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_DER = 2
_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
_NO_NAMES = (
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm)
_EDWARDS = {ed25519.Ed25519PublicKey: "ed25519", ed448.Ed448PublicKey: "ed448"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate. `identity` is what other certificates of the same authority share."""

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    key: str
    fingerprint: str
    identity: bytes
    self_signed: bool


def sent(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """The chain that the other side has shown, its own certificate first, trusted or not."""
    return _chain(tls, "get_unverified_chain")


def verified(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """The chain that was verified, from the other side's certificate to the one we trust."""
    return _chain(tls, "get_verified_chain")


def _chain(tls: ssl.SSLObject, method: str) -> tuple[bytes, ...]:
    if hasattr(tls, method):  # public since Python 3.13
        return tuple(getattr(tls, method)())
    chain = getattr(tls._sslobj, method)() or ()  # type: ignore[attr-defined]
    return tuple(certificate.public_bytes(_DER) for certificate in chain)


@lru_cache(maxsize=4096)
def parsed(der: bytes) -> Certificate | None:
    """A certificate; None for one that OpenSSL can read and we can't."""
    try:
        with catch_warnings():
            simplefilter("ignore")  # what is odd about a target's certificate is not for our log
            return _read(x509.load_der_x509_certificate(der))
    except _UNREADABLE:
        return None


def loaded(der: bytes) -> x509.Certificate | None:
    """A certificate to verify others with; None for one that OpenSSL can read and we can't."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except _UNREADABLE:
        return None


def _read(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=_hex(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        names=_names(certificate),
        key=_key(certificate),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        identity=_identity(certificate),
        self_signed=_self_signed(certificate),
    )


def earliest(certificates: Sequence[Certificate]) -> datetime:
    """When the first of them expires."""
    return min(certificate.not_after for certificate in certificates)


def _self_signed(certificate: x509.Certificate) -> bool:
    if certificate.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _hex(serial: int) -> str:
    digits = f"{serial:x}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names and addresses it is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (*_NO_NAMES, ValueError, TypeError):
        return ()
    hosts = names.get_values_for_type(x509.DNSName)
    return (*hosts, *map(str, names.get_values_for_type(x509.IPAddress)))


def _key(certificate: x509.Certificate) -> str:
    """The kind and size of its key: rsa-2048, ec-p256, ed25519."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "unknown"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return f"{'rsa' if isinstance(key, rsa.RSAPublicKey) else 'dsa'}-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ec-{_CURVES.get(key.curve.name, key.curve.name)}"
    return next((name for kind, name in _EDWARDS.items() if isinstance(key, kind)), "unknown")


def _identity(certificate: x509.Certificate) -> bytes:
    try:
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError):
        key = certificate.fingerprint(hashes.SHA256())
    return certificate.subject.public_bytes() + key
