"""Kind `heartbeat`: a job that reports by itself, each time it runs.

A monitor of this kind has an address of its own, `/ping/<token>` (`ping_url` in what the API
shows). The job asks for it when it is done, by GET, HEAD or POST; what it posts is kept, up to
100 kB. `/ping/<token>/start` says that a run begins (its time is measured, and it may not take
longer than `max_run_s`), `/fail` that it failed, `/log` only leaves a note, and `/<exit status>`
is success for 0 and failure for 1 to 255. `?rid=<UUID>` tells runs apart that overlap.

Up when the last run was reported to have succeeded, on time. Down when a run reports a failure
(`run_failed`), when none has reported by the time it was due and the grace time after it
(`run_missing`), or when a run that began has not ended in time (`run_late`). One report of success
brings it back.

Assertions may look at run_time (seconds, if a `/start` came before), body, json, json_schema and
size of a report of success.

It is due `every_s` after the last report, or at the times of a `cron` expression in a `time_zone`.
Until the first report it is pending, unless `at_once` says that one is expected from the start.
What falls into a time at which Vedette itself did not listen is not called missing: then the state
is `unknown` until the next report.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from vedette.core.assertions import MAX_LEAVES, Assertions, Tree, subjects
from vedette.core.monitor import PassiveSpec, Target
from vedette.core.reporting import Terms
from vedette.core.schedule import Cron, Period, check_cron, check_time_zone

_YEAR_S = 366 * 86_400
_SUBJECTS = frozenset({"run_time", "body", "json", "json_schema", "size"})


class HeartbeatTarget(Target):
    """When a job is to report."""

    every_s: int | None = Field(
        default=None, ge=10, le=_YEAR_S, description="Seconds from one report to the next."
    )
    cron: Annotated[str, AfterValidator(check_cron)] | None = Field(
        default=None,
        max_length=200,
        description="When it runs: minute, hour, day, month, weekday, or a name like `@daily`.",
        examples=["30 3 * * *", "*/15 8-18 * * MON-FRI"],
    )
    time_zone: Annotated[str, AfterValidator(check_time_zone)] = Field(
        default="UTC", max_length=64, description="Whose clock `cron` goes by."
    )
    grace_s: int | None = Field(
        default=None,
        ge=1,
        le=31 * 86_400,
        description="Seconds it may report late. Default: half the time between two reports, at "
        "least 30 and at most 3600.",
    )
    max_run_s: int | None = Field(
        default=None,
        ge=1,
        le=31 * 86_400,
        description="Seconds from `/start` to its end. Default: as many as the grace time.",
    )
    at_once: bool = Field(
        default=False, description="Whether a report is expected before any has ever come."
    )

    @model_validator(mode="after")
    def _scheduled(self) -> Self:
        if (self.every_s is None) is (self.cron is None):
            raise ValueError("it says when to report by one of two: `every_s` or `cron`")
        if self.cron is None and "time_zone" in self.model_fields_set and self.time_zone != "UTC":
            raise ValueError("time_zone goes with `cron`; every_s needs none")
        return self

    def terms(self) -> Terms:
        """What was agreed on, as the evaluator takes it."""
        if self.cron is not None:
            schedule: Cron | Period = Cron(self.cron, self.time_zone)
        else:
            schedule = Period((self.every_s or 0) * 1000)
        return Terms(schedule, _ms(self.grace_s), _ms(self.max_run_s), self.at_once)

    def summary(self) -> str:
        """The schedule."""
        if self.cron is None:
            return f"a report every {self.every_s} s"
        return f"a report at {self.cron} ({self.time_zone})"


class HeartbeatMonitor(PassiveSpec):
    """A monitor of kind heartbeat."""

    kind: Literal["heartbeat"] = "heartbeat"
    target: HeartbeatTarget
    assertions: Assertions = Field(
        default=[],
        max_length=MAX_LEAVES,
        description="What must hold of a report of success, or it is down.",
    )
    degraded_assertions: Assertions = Field(
        default=[],
        max_length=MAX_LEAVES,
        description="What must hold of a report of success, or it is degraded.",
    )

    @field_validator("assertions", "degraded_assertions")
    @classmethod
    def _of_a_report(cls, nodes: list[Tree]) -> list[Tree]:
        if other := sorted(subjects(nodes) - _SUBJECTS):
            raise ValueError(
                f"a report has no {other[0]}; assertions look at {', '.join(sorted(_SUBJECTS))}"
            )
        return nodes


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000
