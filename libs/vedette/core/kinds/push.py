"""Kind `push`: results that something else finds and hands in.

Results come by `POST /api/v1/monitors/{id}/results` with an API key, or to the monitor's own
address, `/api/push/<token>?status=up&msg=&ping=` (`ping_url` in what the API shows), where any
status but `up` is down.

Up, degraded or down as the last result said (`run_failed` and its message). With `every_s`, a
result is expected so long after the one before, the first one so long after the monitor was made;
when none came by then and the grace time, it is down (`run_missing`).
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from vedette.core.monitor import PassiveSpec, Target
from vedette.core.reporting import Terms
from vedette.core.schedule import Period


class PushTarget(Target):
    """How often a result is expected, if at all."""

    every_s: int | None = Field(
        default=None,
        ge=10,
        le=366 * 86_400,
        description="Seconds from one result to the next. Default: none is ever missing.",
    )
    grace_s: int | None = Field(
        default=None,
        ge=1,
        le=31 * 86_400,
        description="Seconds it may come late. Default: half of `every_s`, at least 30 and at "
        "most 3600.",
    )

    @model_validator(mode="after")
    def _expected(self) -> Self:
        if self.every_s is None and self.grace_s is not None:
            raise ValueError("grace_s goes with `every_s`")
        return self

    def terms(self) -> Terms:
        """What was agreed on, as the evaluator takes it."""
        if self.every_s is None:
            return Terms()
        grace_ms = None if self.grace_s is None else self.grace_s * 1000
        return Terms(Period(self.every_s * 1000), grace_ms, at_once=True)

    def summary(self) -> str:
        """How often."""
        return "results from outside" + (f" every {self.every_s} s" if self.every_s else "")


class PushMonitor(PassiveSpec):
    """A monitor of kind push."""

    kind: Literal["push"] = "push"
    target: PushTarget
