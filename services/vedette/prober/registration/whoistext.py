"""The text of a WHOIS answer. There is no standard for it: what is known of it stands in tables."""

import re
from dataclasses import dataclass
from datetime import datetime

from vedette.core.registrable import registrable
from vedette.prober.registration.registration import (
    Registration,
    normal_hosts,
    normal_statuses,
)
from vedette.prober.registration.unanswered import Unanswered
from vedette.prober.registration.whoisdates import EXPIRY_LABELS, Unreadable, moment

_SHOWN = 160
_AN_HOUR_S = 3600.0
# `Label: value`, `label......: value`, and as in Japan, `[Label]   value`.
_FIELD = re.compile(r"\s*(?:\d+\. )?([A-Za-z][\w /()-]*?)[ .\t]*:(?!//)\s*(.*)")
_BRACKETED = re.compile(r"\s*(?:[a-z]\. )?\[([^\]]+)\]\s*(.*)")
_RECORD_EXPIRES = re.compile(r"\s*(Record expires) on (.*)", re.IGNORECASE)
_ABSENT = re.compile(
    r"[%#>*\s]*(?:"
    r"no match(?:ing record)?\b|not found\b|no data found|no entries found|no object found"
    r"|no found\b|nothing found|no such domain|object does not exist|no information available about"
    r"|the queried object does not exist|domain (?:name )?not found|domain unknown"
    r"|the requested domain was not found|(?:this|the|above) domain (?:name )?(?:is|has) not "
    r"|we do not have an entry in our database|the domain has not been registered"
    r"|no_se_encontro_el_objeto|domain status:\s*(?:no object found|available|free)\b"
    r"|status:\s*(?:available|free)\b|\S+ is free\b|domain \S+ (?:not found|is available)"
    r"|\S+: no match|\S+ no match"
    r")",
    re.IGNORECASE,
)
_TOO_OFTEN = re.compile(
    r"limit (?:has been )?(?:exceeded|reached)"
    r"|exceeded (?:the|your|its|a|allowed|maximum|query|rate)"
    r"|quota exceeded|too many (?:requests|queries|connections)|rate[- ]limit|query rate"
    r"|(?:blacklisted|blocked|try again (?:later|after))",
    re.IGNORECASE,
)
_NAMES = ("domain name", "domain", "domainname")
_REGISTRARS = ("registrar", "registrar name", "sponsoring registrar", "registrar organization",
               "authorized agency", "registrar-name", "registration service provider")  # fmt: skip
_STATUSES = ("domain status", "status", "state", "eppstatus")
_NAMESERVERS = ("name server", "name servers", "nameserver", "nameservers", "nserver", "nservers",
                "host name", "dns", "ns 1", "ns 2")  # fmt: skip
_REFERRALS = ("whois", "refer")
_REGISTRARS_SERVERS = ("registrar whois server", "whois server")


@dataclass(frozen=True, slots=True)
class Text:
    """An answer, and its fields in order. Labels are in lower case."""

    whole: str
    server: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, body: bytes, server: str) -> "Text":
        """The text in an answer."""
        try:
            whole = body.decode()
        except UnicodeDecodeError:
            whole = body.decode("latin-1")
        return cls(whole, server, tuple(_fields(whole)))

    def server_of_tld(self) -> str | None:
        """The server that the root refers to."""
        return self._first(_REFERRALS)

    def registrars_server(self) -> str | None:
        """The server that a registry refers to."""
        return self._first(_REGISTRARS_SERVERS)

    def registration(self, domain: str) -> Registration:
        """What it says of a domain. Raises Unanswered if that can't be read."""
        source = f"WHOIS {self.server}"
        expires_at = self._expiry(domain)
        if expires_at is None:
            if any(map(_ABSENT.match, self.whole.splitlines())):
                return Registration(domain, source, exists=False)
            if not self._is_about(domain):
                raise self._unread()
        return Registration(
            domain,
            source,
            expires_at=expires_at,
            registrar=self._first(_REGISTRARS),
            statuses=normal_statuses(_status(value) for value in self._all(_STATUSES)),
            nameservers=normal_hosts(value.split()[0] for value in self._all(_NAMESERVERS)),
        )

    def _expiry(self, domain: str) -> datetime | None:
        stated = self._first(EXPIRY_LABELS)
        if stated is None:
            return None
        try:
            return moment(stated, domain.rpartition(".")[2])
        except Unreadable:
            words = f"gave a date of expiry that can't be read: {stated[:80]!r}"
            raise Unanswered(f"the WHOIS server {self.server} {words}") from None

    def _is_about(self, domain: str) -> bool:
        return any(registrable(value.split()[0]) == domain for value in self._all(_NAMES))

    def _unread(self) -> Unanswered:
        begins = " ".join(self.whole.split())[:_SHOWN]
        if _TOO_OFTEN.search(self.whole):
            words = f"does not answer so often: {begins!r}"
            return Unanswered(f"the WHOIS server {self.server} {words}").not_before(_AN_HOUR_S)
        words = f"gave an answer that can't be read: {begins!r}"
        return Unanswered(f"the WHOIS server {self.server} {words}")

    def _all(self, labels: tuple[str, ...] | frozenset[str]) -> list[str]:
        return [value for label, value in self.fields if label in labels and value]

    def _first(self, labels: tuple[str, ...] | frozenset[str]) -> str | None:
        return next(iter(self._all(labels)), None)


def _fields(whole: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    label = ""
    for line in whole.splitlines():
        field = _RECORD_EXPIRES.match(line) or _BRACKETED.match(line) or _FIELD.match(line)
        if field is not None:
            label = " ".join(field[1].lower().split())
            found.append((label, field[2].strip()))
        elif line[:1] in {" ", "\t"} and line.strip() and label:
            found.append((label, line.strip()))  # goes on with the field above
        else:
            label = ""
    return found


def _status(value: str) -> str:
    """Without the explanation behind it: `clientHold https://icann.org/epp#clientHold`."""
    return re.split(r"\s+(?:\(?https?://|\(|--)", value)[0]
