"""What a prober knows of registries: where to begin, and what they have answered lately."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from vedette.core.endpoints import Endpoint
from vedette.core.hosts import Port
from vedette.prober.registration.ledger import Ledger
from vedette.prober.registration.registration import Registration

RDAP_BOOTSTRAP = "https://data.iana.org/rdap/dns.json"
WHOIS_ROOT = "whois.iana.org"
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_MOST_DOMAINS = 20_000
_MOST_SUFFIXES = 2_000


class WhoisServer(Endpoint):
    """Where to ask over WHOIS (RFC 3912)."""

    port: Port = 43


def whois_server(text: str) -> WhoisServer:
    """A server named as `host` or `host:port`. Raises ValueError."""
    try:
        return WhoisServer.model_validate(WhoisServer.in_short(text))
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{text[:100]!r} is no WHOIS server: {why}") from None


@dataclass(frozen=True, slots=True)
class Registries:
    """Belongs to the event loop on which it is used."""

    rdap_bootstrap: str = RDAP_BOOTSTRAP
    whois_root: str = WHOIS_ROOT
    domains: Ledger[Registration] = field(
        default_factory=lambda: Ledger(kept_s=_HOUR_S, most=_MOST_DOMAINS)
    )
    """By domain."""
    services: Ledger[Mapping[str, str]] = field(
        default_factory=lambda: Ledger(kept_s=_DAY_S, most=1, outlasting=True)
    )
    """The RDAP services by suffix, under the address of their list."""
    servers: Ledger[str] = field(
        default_factory=lambda: Ledger(kept_s=_DAY_S, most=_MOST_SUFFIXES, outlasting=True)
    )
    """The WHOIS server by top-level domain."""

    async def close(self) -> None:
        """End the look-ups that are under way."""
        for ledger in (self.domains, self.services, self.servers):
            await ledger.close()
