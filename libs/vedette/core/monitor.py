"""A monitor's definition: what is watched, how often, and how it is judged."""

from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from vedette.core.assertions import MAX_LEAVES, Assertions, subjects
from vedette.core.expiry import DEFAULT_DAYS, Days
from vedette.core.job import EVIDENCE_BODY_BYTES, Detail, Keeping

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]

LEAST_REGISTRATION_INTERVAL_S = 300
"""Between checks that look at a registration, which is looked up once an hour at most."""


class Target(BaseModel):
    """What a kind needs to know of its target."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def summary(self) -> str:
        """One line that tells a person what this is, without secrets."""
        raise NotImplementedError

    def domain_host(self) -> str | None:
        """The host whose domain's registration assertions may look at; None if there is none."""
        url = getattr(self, "url", None)
        host = getattr(self, "host", None) if url is None else urlsplit(url).hostname
        return host if isinstance(host, str) else None

    @classmethod
    def in_short(cls, text: str) -> dict[str, Any]:
        """A target named by its most important part alone: a URL, a host, `host:port`."""
        host, _, port = text.rpartition(":")
        if "port" in cls.model_fields and host and port.isdecimal():
            return {"host": host.removeprefix("[").removesuffix("]"), "port": int(port)}
        first = next(name for name, field in cls.model_fields.items() if field.is_required())
        return {first: text}


# What says what a check is, of the fields that a kind has.
_PROBED = frozenset(
    {
        "kind",
        "target",
        "timeout_s",
        "degraded_after_ms",
        "assertions",
        "degraded_assertions",
        "expect_failure",
        "detail",
        "evidence",
        "evidence_body_bytes",
    }
)


class MonitorSpec(BaseModel):
    """A monitor as a person writes it: what all kinds have in common."""

    # What goes wrong is logged, and must not be told with the values, secrets among them.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    PASSIVE: ClassVar[bool] = False
    """Whether it is told how its target is, instead of having it probed."""

    name: Name
    kind: str
    target: Target
    failure_threshold: int = Field(
        default=2, ge=1, le=20, description="Failing rounds in a row before it is down."
    )
    recovery_threshold: int = Field(
        default=1, ge=1, le=20, description="Good rounds in a row before it is up again."
    )
    tags: list[Tag] = Field(default=[], max_length=50)
    channels: list[UUID] = Field(
        default=[], max_length=50, description="Ids of the channels that are told."
    )
    remind_every_s: int | None = Field(
        default=None,
        ge=300,
        le=604_800,
        description="Seconds after which those who were told are told again, while it is down;"
        " null for never.",
    )

    @field_validator("tags", "channels")
    @classmethod
    def _each_once(cls, values: list[Any]) -> list[Any]:
        return list(dict.fromkeys(values))

    def probed(self, *, compact: bool = False) -> dict[str, Any]:
        """The part that says what a check is.

        `compact` leaves out what is at its default, for jobs, which are sent at every slot.
        """
        dumped = self.model_dump(
            mode="json", by_alias=True, include=set(_PROBED), exclude_defaults=compact
        )
        return dumped | {"kind": self.kind}

    def meaning(self) -> dict[str, Any]:
        """What gives its checks their meaning: a change of it makes a new revision of the monitor.

        What was under way then says nothing of the monitor as it is now.
        """
        return self.probed()


class PassiveSpec(MonitorSpec):
    """A monitor that is told how its target is. Each kind has a subclass with its own target."""

    PASSIVE: ClassVar[bool] = True

    failure_threshold: int = Field(
        default=1, ge=1, le=20, description="Failures in a row before it is down."
    )


class ProbedSpec(MonitorSpec):
    """A monitor whose target is probed. Each kind has a subclass with its own target."""

    interval_s: int = Field(
        default=60, ge=5, le=86_400, description="Seconds between two checks, 5 to 86400."
    )
    timeout_s: float = Field(
        default=10, ge=0.1, le=120, description="Seconds one check may take, all included."
    )
    regions: list[Region] = Field(default=["default"], min_length=1, max_length=32)
    regions_mode: Literal["all", "rotate"] = Field(
        default="all",
        description="Who checks: all regions each time, or one after the other (rotate). Then one "
        "region's finding is a suspicion, and all regions are asked before the state changes.",
    )
    retry_interval_s: int = Field(
        default=5, ge=1, le=3_600, description="Seconds between confirmations of a suspicion."
    )
    degraded_after_ms: int | None = Field(
        default=None, ge=1, le=120_000, description="Slower than this is degraded."
    )
    assertions: Assertions = Field(
        default=[], max_length=MAX_LEAVES, description="What must hold, or it is down."
    )
    degraded_assertions: Assertions = Field(
        default=[], max_length=MAX_LEAVES, description="What must hold, or it is degraded."
    )
    expect_failure: bool = Field(
        default=False, description="Upside down: what answers as it should is down, else it is up."
    )
    detail: Detail = Field(
        default="full",
        description="What a failure tells: what was expected and seen, no_values that were seen, or"
        " its reason_only.",
    )
    evidence: Keeping = Field(
        default="on_failure", description="When what the target answered is kept."
    )
    evidence_body_bytes: int = Field(
        default=EVIDENCE_BODY_BYTES,
        ge=0,
        le=65_536,
        description="How much of the body is kept with it, up to 65536 bytes.",
    )

    certificate_days: Days = Field(
        default=[*DEFAULT_DAYS],
        description="When its certificate ends in so many days or fewer, people are told, once for "
        "each of these. An empty list: never. Nor are they while `tls.verify` is false.",
    )

    @field_validator("regions")
    @classmethod
    def _distinct(cls, values: list[Any]) -> list[Any]:
        return list(dict.fromkeys(values))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.degraded_after_ms is not None and self.degraded_after_ms >= self.timeout_s * 1000:
            raise ValueError("degraded_after_ms must be less than the timeout (timeout_s)")
        if self._looks_at_the_registration():
            self._check_registration()
        return self

    def _looks_at_the_registration(self) -> bool:
        return "domain" in subjects([*self.assertions, *self.degraded_assertions])

    def _check_registration(self) -> None:
        if self.interval_s < LEAST_REGISTRATION_INTERVAL_S:
            raise ValueError(
                "an assertion on the domain's registration needs an interval (interval_s) of at"
                f" least {LEAST_REGISTRATION_INTERVAL_S} seconds"
            )
        if self.target.domain_host() is None:
            raise ValueError(f"kind {self.kind} has no domain whose registration to look at")

    def probed(self, *, compact: bool = False) -> dict[str, Any]:
        """The part that a prober needs, as in every kind."""
        return super().probed(compact=compact) | {"timeout_s": self.timeout_s}

    def meaning(self) -> dict[str, Any]:
        """What gives its checks their meaning: also who is asked, and whose turn a slot is."""
        asked: dict[str, Any] = {"regions": self.regions, "regions_mode": self.regions_mode}
        turns = {"interval_s": self.interval_s} if self.regions_mode == "rotate" else {}
        return self.probed() | asked | turns
