"""What ends on a day that is known, a certificate or a registration, and when people are told.

They are told once for each number of days that was asked for: when so many full days or fewer are
left. If several such numbers are passed at once, the smallest stands for all of them. What is
renewed begins afresh, and of what has ended nobody is told that it will.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from vedette.core.instants import to_ms
from vedette.core.outcome import Reason

DEFAULT_DAYS = (21, 14, 7, 3, 1)
_DAY_MS = 86_400_000
_NOT_TRUSTED = frozenset(
    {
        Reason.TLS_EXPIRED,
        Reason.TLS_NOT_YET_VALID,
        Reason.TLS_HOSTNAME,
        Reason.TLS_UNTRUSTED,
        Reason.TLS_SELF_SIGNED,
        Reason.TLS_HANDSHAKE,
    }
)


def _descending(days: list[int]) -> list[int]:
    return sorted(set(days), reverse=True)


Days = Annotated[
    list[Annotated[int, Field(ge=1, le=365)]], Field(max_length=10), AfterValidator(_descending)
]
"""Before how many days people are told."""


class Ending(StrEnum):
    """What ends."""

    CERTIFICATE = "certificate"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Expiry:
    """When something ends. `at` is Unix ms; a renewal has another identity."""

    what: Ending
    at: int
    identity: str
    of_chain: bool = False
    """Whether it is a certificate that the target's own depends on, which ends before that."""

    def days_left(self, now: int) -> int:
        """Full days from `now` (Unix ms) on; fewer than none after the end."""
        return (self.at - now) // _DAY_MS


def nearest(days_left: int, asked_for: Collection[int]) -> int | None:
    """Of the numbers of days that were asked for, the smallest that is reached; None if none is."""
    return min((days for days in asked_for if days_left <= days), default=None)


def due(
    expiry: Expiry | None, asked_for: Collection[int], told: Collection[int], *, now: int
) -> int | None:
    """The number of days that people are to be told of now; None for nothing to tell.

    `told` are those that they were told of already, of this very certificate or registration.
    """
    if expiry is None or expiry.at <= now:
        return None
    found = nearest(expiry.days_left(now), asked_for)
    return None if found is None or any(days <= found for days in told) else found


def certificate_expiry(facts: Mapping[str, Any], reason: Reason | None) -> Expiry | None:
    """When the certificate in a check's facts ends, or one before that it depends on.

    None for one that was not trusted: it may be anybody's, and the check has failed for it.
    """
    own = instant_of(facts.get("certificate_expires_at"))
    if own is None or reason in _NOT_TRUSTED:
        return None
    chain = instant_of(facts.get("chain_expires_at"))
    of_chain = chain is not None and chain < own
    at = chain if chain is not None and of_chain else own
    name = facts.get("certificate_fingerprint") or facts.get("certificate_serial") or ""
    return Expiry(Ending.CERTIFICATE, at, f"{name}@{at}", of_chain)


def domain_expiry(facts: Mapping[str, Any]) -> Expiry | None:
    """When the registration in a check's facts ends."""
    at = instant_of(facts.get("domain_expires_at"))
    return None if at is None else Expiry(Ending.DOMAIN, at, f"{facts.get('domain', '')}@{at}")


def instant_of(stated: object) -> int | None:
    """A fact as an instant (Unix ms); None if it is none."""
    if not isinstance(stated, str):
        return None
    try:
        return to_ms(datetime.fromisoformat(stated))
    except (ValueError, TypeError):
        return None
