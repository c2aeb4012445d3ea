"""What assertions may look at of a target's certificate, from what libcurl tells of it."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Field = tuple[bytes, bytes]
_DAY_S = 86_400


def certificate_of(
    chain: Sequence[Sequence[Field]], *, now_s: float, chain_valid: bool
) -> dict[str, Any] | None:
    """The target's own certificate, as assertions know it; None if there is none."""
    if not chain:
        return None
    found = dict(_parsed(tuple(chain[0])))
    expires_s = found.pop("expires_s")
    if expires_s is not None:
        found["days_left"] = (expires_s - now_s) / _DAY_S
    return found | {"chain_valid": chain_valid}


@lru_cache(maxsize=4096)
def _parsed(fields: tuple[Field, ...]) -> Mapping[str, Any]:
    stated = {name: value.decode("utf-8", "replace").strip() for name, value in fields}
    expires = _at(stated.get(b"Expire date", ""))
    begins = _at(stated.get(b"Start date", ""))
    found: dict[str, Any] = {
        "subject": stated.get(b"Subject", ""),
        "issuer": stated.get(b"Issuer", ""),
        "serial": stated.get(b"Serial Number", "").replace(":", "").lower(),
        "names": _names(stated.get(b"X509v3 Subject Alternative Name", "")),
        "expires_s": None if expires is None else expires.timestamp(),
    }
    if expires is not None:
        found["expires_at"] = _iso(expires)
    if begins is not None:
        found["not_before"] = _iso(begins)
    fingerprint = _fingerprint(stated.get(b"Cert", ""))
    if fingerprint is not None:
        found["fingerprint"] = fingerprint
    return found


def _at(stated: str) -> datetime | None:
    try:
        return datetime.strptime(stated, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    except ValueError:  # a year beyond 9999, say
        return None


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _names(stated: str) -> list[str]:
    entries = (entry.strip().partition(":") for entry in stated.split(","))
    return [name for kind, _, name in entries if kind in {"DNS", "IP Address"}]


def _fingerprint(pem: str) -> str | None:
    lines = [line for line in pem.splitlines() if not line.startswith("-----")]
    try:
        der = base64.b64decode("".join(lines), validate=True)
    except binascii.Error:
        return None
    return hashlib.sha256(der).hexdigest() if der else None
