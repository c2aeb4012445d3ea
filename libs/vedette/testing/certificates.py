"""Certificates for the servers of a test, good ones and bad ones."""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Flavour = Literal["valid", "expiring", "expired", "self_signed", "wrong_host", "untrusted"]

LOCAL = ("localhost", "127.0.0.1")
WRONG_HOST = "elsewhere.example"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server presents, and the authority that its clients are to trust."""

    context: ssl.SSLContext
    ca_file: Path
    pem: bytes
    """Key, certificate and intermediates, for servers that want them as text."""


@contextmanager
def identity(flavour: Flavour, *, hosts: Sequence[str] = ()) -> Iterator[Identity]:
    """A certificate for this machine (and `hosts`) with the given flaw."""
    with tempfile.TemporaryDirectory(prefix="vedette-certificates-") as folder:
        ca_file = Path(folder) / "ca.pem"
        _trusted().cert_pem.write_to_path(str(ca_file))
        file = Path(folder) / "own.pem"
        file.write_bytes(_pem(flavour, [*LOCAL, *hosts]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        yield Identity(context, ca_file, file.read_bytes())


def _pem(flavour: Flavour, names: list[str]) -> bytes:
    if flavour == "self_signed":
        return _self_signed(names)
    return _issued(flavour, names).private_key_and_cert_chain_pem.bytes()


def _issued(flavour: Flavour, names: list[str]) -> trustme.LeafCert:
    if flavour == "expired":
        yesterday = _now() - dt.timedelta(days=1)
        return _trusted().issue_cert(
            *names, not_before=yesterday - dt.timedelta(days=30), not_after=yesterday
        )
    if flavour == "expiring":
        return _trusted().issue_cert(*names, not_after=_now() + dt.timedelta(days=2, hours=12))
    if flavour == "wrong_host":
        return _trusted().issue_cert(WRONG_HOST)
    authority = trustme.CA() if flavour == "untrusted" else _trusted()
    return authority.issue_cert(*names)


@cache
def _trusted() -> trustme.CA:
    """One authority a process, so that a client can trust all its servers by any `ca_file`."""
    return trustme.CA()


def _self_signed(names: list[str]) -> bytes:
    """Key and certificate of a server that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - dt.timedelta(days=1))
        .not_valid_after(_now() + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
