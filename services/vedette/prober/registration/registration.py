"""What a registry says of a domain, and what that comes to at a later time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_DAY_S = 86_400
# Out of the DNS, or about to be taken away (RFC 8056 has the words of RDAP, RFC 5731 the meaning).
LOST = ("pending delete", "redemption period", "server hold", "client hold")
_WORD = re.compile(r"[a-z]+(?:[A-Z][a-z]+)*")
_CAPITAL = re.compile(r"(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Registration:
    """What was answered about one domain."""

    domain: str
    source: str
    """Who answered, in words."""
    exists: bool = True
    expires_at: datetime | None = None
    """None where the registry does not tell."""
    registrar: str | None = None
    statuses: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()

    @property
    def lost(self) -> str | None:
        """The status that keeps it from being used, if there is one."""
        return next((status for status in LOST if status in self.statuses), None)

    def days_left(self, now_s: float) -> float | None:
        """How many days remain at a Unix time; less than none after the end."""
        return None if self.expires_at is None else (self.expires_at.timestamp() - now_s) / _DAY_S

    def subject(self, now_s: float) -> dict[str, Any]:
        """What assertions may look at."""
        return {
            "days_left": self.days_left(now_s),
            "expires_at": _iso(self.expires_at),
            "registrar": self.registrar,
            "status": list(self.statuses),
            "nameservers": list(self.nameservers),
        }

    def facts(self, now_s: float) -> dict[str, str | int | float | bool]:
        """What is shown to people."""
        days_left = self.days_left(now_s)
        facts: dict[str, str | float | None] = {
            "domain": self.domain,
            "domain_expires_at": _iso(self.expires_at),
            "domain_days_left": None if days_left is None else round(days_left, 1),
            "domain_registrar": self.registrar,
            "domain_status": ", ".join(self.statuses) or None,
            "domain_nameservers": ", ".join(self.nameservers) or None,
            "domain_source": self.source,
        }
        return {name: value for name, value in facts.items() if value is not None}


def normal_statuses(stated: Iterable[str]) -> tuple[str, ...]:
    """Statuses as RDAP words them: `clientHold` is `client hold`, `ok` is `active` (RFC 8056)."""
    return tuple(dict.fromkeys(_normal(status.strip()) for status in stated if status.strip()))


def normal_hosts(stated: Iterable[str]) -> tuple[str, ...]:
    """Host names in lower case, without a final dot, each once."""
    names = (name.strip().lower().removesuffix(".") for name in stated)
    return tuple(dict.fromkeys(name for name in names if name))


def _normal(status: str) -> str:
    if status == "ok":
        return "active"
    if _WORD.fullmatch(status):
        return _CAPITAL.sub(" ", status).lower()
    return status.lower()


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
