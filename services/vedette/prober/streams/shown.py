"""What a target has shown of itself in a handshake: its certificates, as facts and subjects."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from vedette.prober.streams.certificates import Certificate, earliest, parsed, sent, verified
from vedette.prober.streams.trust import Trust

_DAY_S = 86_400


@dataclass(frozen=True)
class Shown:
    """The chain that was sent, the target's own certificate first, and what it is worth.

    A target shows the same at each check, so what can be told of it is made once.
    """

    chain: Sequence[Certificate]
    trusted_until: datetime | None
    """When the verified chain ends to be valid, if it was verified."""
    version: str | None
    cipher: str | None

    @property
    def certificate(self) -> Certificate:
        """The target's own certificate."""
        return self.chain[0]

    @property
    def lasts_until(self) -> datetime:
        """When the certificate, or one that it depends on, expires."""
        return self.trusted_until or self.certificate.not_after

    @cached_property
    def facts(self) -> Mapping[str, str | int | float | bool]:
        """What is stored with each check."""
        own = self.certificate
        facts: dict[str, str | int | float | bool] = {
            "certificate_expires_at": iso(own.not_after),
            "certificate_issuer": own.issuer,
            "certificate_serial": own.serial,
            "certificate_fingerprint": own.fingerprint,
            "earliest_expires_at": iso(earliest(self.chain)),
        }
        if self.trusted_until is not None:
            facts["chain_expires_at"] = iso(self.trusted_until)
        return facts

    def subject(self, now_s: float) -> dict[str, Any]:
        """What assertions may look at."""
        left = {"days_left": (self.certificate.not_after.timestamp() - now_s) / _DAY_S}
        if self.trusted_until is not None:
            left["chain_days_left"] = (self.trusted_until.timestamp() - now_s) / _DAY_S
        return self._lasting | left

    @cached_property
    def _lasting(self) -> dict[str, Any]:
        """What of it is the same at any time."""
        own = self.certificate
        subject: dict[str, Any] = {
            "expires_at": iso(own.not_after),
            "not_before": iso(own.not_before),
            "issuer": own.issuer,
            "subject": own.subject,
            "names": list(own.names),
            "serial": own.serial,
            "fingerprint": own.fingerprint,
            "key": own.key,
            "self_signed": own.self_signed,
            "earliest_expires_at": iso(earliest(self.chain)),
            "version": self.version,
            "cipher": self.cipher,
        }
        if self.trusted_until is not None:
            subject["chain_valid"] = True
            subject["chain_expires_at"] = iso(self.trusted_until)
        return subject


def shown_by(tls: ssl.SSLObject | None, trust: Trust | None) -> Shown | None:
    """What was shown, even in a handshake that failed; None if that was nothing legible."""
    chain = _legible(sent(tls)) if tls is not None else []
    if tls is None or not chain:
        return None
    cipher = tls.cipher()
    return Shown(
        chain=chain,
        trusted_until=_trusted_until(_legible(verified(tls)), trust) if trust is not None else None,
        version=tls.version(),
        cipher=cipher[0] if cipher is not None else None,
    )


def _trusted_until(chain: Sequence[Certificate], trust: Trust) -> datetime | None:
    if not chain:
        return None
    *below, anchor = chain
    return min([trust.lasting(anchor), *[one.not_after for one in below]])


def _legible(chain: Sequence[bytes]) -> list[Certificate]:
    return [certificate for certificate in map(parsed, chain) if certificate is not None]


@lru_cache(maxsize=4096)  # each check of a target tells the same few times again
def iso(at: datetime) -> str:
    """RFC 3339, of a time in UTC."""
    return at.isoformat().replace("+00:00", "Z")
