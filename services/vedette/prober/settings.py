"""Settings of a prober."""

from pathlib import Path
from typing import Self

import certifi
from pydantic import Field, FilePath, field_validator

from vedette.core.addresses import NONE, rules
from vedette.core.http import check_url
from vedette.core.monitor import Region
from vedette.core.nameserver import check_nameserver
from vedette.prober.guard import Guard
from vedette.prober.registration.registries import (
    RDAP_BOOTSTRAP,
    WHOIS_ROOT,
    Registries,
    whois_server,
)
from vedette.prober.uplink import canaries
from vedette.runtime.settings import ProcessSettings

_SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


class ProberSettings(ProcessSettings):
    """Settings of a prober."""

    region: Region = Field(
        default="default", description="The region this prober belongs to: whose jobs it takes."
    )
    prober_concurrency: int = Field(
        default=2000, ge=1, le=100_000, description="Checks a prober has in flight at most."
    )
    prober_per_host: int = Field(
        default=100, ge=1, le=100_000, description="Checks of one target host in flight at most."
    )
    prober_nameservers: str | None = Field(
        default=None,
        description="Name servers to ask, as addresses with or without a port, comma separated: "
        "`192.0.2.1,[2001:db8::1]:5353`. Default: the system's.",
    )
    prober_ca_file: FilePath | None = Field(
        default=None,
        description="Certificates of the authorities to trust, a PEM file. Default: the system's "
        "bundle, else the one of Mozilla.",
    )
    prober_forbidden: str = Field(
        default="all-internal",
        description="Addresses that checks must not reach, comma separated: networks like "
        "`10.0.0.0/8`, and `loopback`, `link-local`, `private`, `metadata`, `multicast`, "
        "`all-internal` (all of these) or `none`. Default: `all-internal`; `none` in `vedette up`.",
    )
    prober_allowed: str = Field(
        default="",
        description="Exceptions from what is forbidden, listed in the same way.",
    )
    prober_rdap_bootstrap: str = Field(
        default=RDAP_BOOTSTRAP,
        description="Where the list of RDAP services is (RFC 9224), for the kind domain.",
    )
    prober_whois_root: str = Field(
        default=WHOIS_ROOT,
        description="The WHOIS server that knows those of all registries, `host` or `host:port`, "
        "for domains without an RDAP service.",
    )
    prober_canaries: str = Field(
        default="",
        description="Addresses that this prober must be able to reach over TCP, comma separated: "
        "`192.0.2.1:53,[2001:db8::1]:443`. While none of them answers, what a check could not "
        "reach is an internal error, not the target's failure. Default: none.",
    )
    prober_canary_interval_s: float = Field(
        default=10, ge=5, le=3600, description="Seconds between two looks at the canaries."
    )
    prober_name: str | None = Field(
        default=None,
        max_length=200,
        description="What this prober is called in results. Default: made of host and process.",
    )

    @field_validator("prober_nameservers")
    @classmethod
    def _addresses(cls, servers: str | None) -> str | None:
        if servers is not None:
            nameservers(servers)
        return servers

    @field_validator("prober_forbidden", "prober_allowed")
    @classmethod
    def _networks(cls, listed: str) -> str:
        rules(listed)
        return listed

    @field_validator("prober_rdap_bootstrap")
    @classmethod
    def _url(cls, url: str) -> str:
        return check_url(url)

    @field_validator("prober_whois_root")
    @classmethod
    def _server(cls, server: str) -> str:
        whois_server(server)
        return server

    @field_validator("prober_canaries")
    @classmethod
    def _canaries(cls, listed: str) -> str:
        canaries(listed)
        return listed

    @classmethod
    def at_home(cls) -> Self:
        """Those of whoever runs it for themselves: no address is forbidden, unless they say so."""
        settings = cls()
        told = "prober_forbidden" in settings.model_fields_set
        return settings if told else settings.model_copy(update={"prober_forbidden": NONE})

    def guard(self) -> Guard:
        """The guard that holds these addresses."""
        return Guard(self.prober_forbidden, self.prober_allowed)

    def registries(self) -> Registries:
        """Where to begin to ask for registrations."""
        return Registries(self.prober_rdap_bootstrap, self.prober_whois_root)

    def nameservers(self) -> list[str] | None:
        """The name servers as `address:port`; None for the system's."""
        return nameservers(self.prober_nameservers) if self.prober_nameservers else None

    def ca_file(self) -> str:
        """The file of trusted authorities."""
        if self.prober_ca_file is not None:
            return str(self.prober_ca_file)
        return str(_SYSTEM_BUNDLE) if _SYSTEM_BUNDLE.exists() else certifi.where()


def nameservers(servers: str) -> list[str]:
    """Split `192.0.2.1,[2001:db8::1]:5353`; a port is added where none is given.

    Raises ValueError.
    """
    return [check_nameserver(server) for server in servers.split(",")]
