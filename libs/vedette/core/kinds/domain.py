"""Kind `domain`: the registration of a domain, as its registry tells of it.

Up when the domain is registered, is in the DNS (not on hold, nor being deleted), does not expire
within `min_days_left` days (30, unless another number is given; null asks for none), and every
assertion holds. Otherwise it is down, for the reason `registration`.

The registry is asked over RDAP or, where it has no such service, over WHOIS. It is asked for a
domain once an hour at most, however often that is checked: in between, a check looks at what was
answered last, and says so. A registry that can't be reached, does not want to be asked so often, or
says nothing that can be read is no fault of the domain's: that is an internal error. Some
registries (.de, .nl, .eu and others) don't tell when a domain expires: there, `min_days_left` must
be null.

Assertions may look at domain: days_left, expires_at, registrar, status (as RDAP has it: active,
client transfer prohibited, …) and nameservers. They may also do so in monitors of other kinds, for
the domain of their target, if these are checked at most every 300 seconds.
"""

from typing import Any, Literal

from pydantic import Field, field_validator

from vedette.core.expiry import DEFAULT_DAYS, Days
from vedette.core.monitor import LEAST_REGISTRATION_INTERVAL_S, ProbedSpec, Target
from vedette.core.registrable import check_registrable, domain_of


class DomainTarget(Target):
    """A registered domain."""

    name: str = Field(
        max_length=253,
        description="The domain as it was registered, not a host within it.",
        examples=["example.org", "example.co.uk"],
    )
    min_days_left: int | None = Field(
        default=30,
        ge=0,
        le=3650,
        description="Down when it expires in fewer days. null: it only has to be registered.",
    )

    @field_validator("name")
    @classmethod
    def _registrable(cls, name: str) -> str:
        return check_registrable(name)

    @classmethod
    def in_short(cls, text: str) -> dict[str, Any]:
        """The domain of a URL or host, or the text as it is if that has none."""
        return {"name": domain_of(text) or text}

    def domain_host(self) -> str:
        """The domain itself."""
        return self.name

    def summary(self) -> str:
        """The domain."""
        return f"domain {self.name}"


class DomainMonitor(ProbedSpec):
    """A monitor of kind domain."""

    kind: Literal["domain"] = "domain"
    target: DomainTarget
    interval_s: int = Field(
        default=21_600,
        ge=LEAST_REGISTRATION_INTERVAL_S,
        le=86_400,
        description="Seconds between two checks, 300 to 86400.",
    )
    timeout_s: float = Field(
        default=30, ge=0.1, le=120, description="Seconds one check may take, all included."
    )
    domain_days: Days = Field(
        default=[*DEFAULT_DAYS],
        description="When it expires in so many days or fewer, people are told, once for each of "
        "these. An empty list: never.",
    )
    retry_interval_s: int = Field(
        default=3_600, ge=1, le=3_600, description="Seconds between confirmations of a suspicion."
    )
