"""The prober that the checks of all runs share: what `vedette check` uses, opened once."""

import io
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from rich.console import Console
from tests.conformance.replay.pushes import PushBench

from vedette.cli.check import report
from vedette.core.job import ONE_OFF, run_by
from vedette.core.monitor import ProbedSpec
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.jobs import Job
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings

_PLACES = 1000
_WIDE = 10_000


@dataclass(frozen=True)
class Bench:
    """A prober that may check any address, and one that may check no internal ones."""

    free: Checker
    guarded: Checker
    push: PushBench

    async def check(
        self,
        spec: ProbedSpec,
        *,
        guarded: bool = False,
        monitor: UUID | None = None,
        slot: int | None = None,
    ) -> Result:
        """One check, now or for a slot."""
        checker = self.guarded if guarded else self.free
        return await checker.check(job_of(spec, monitor or uuid4(), slot))


def job_of(spec: ProbedSpec, monitor: UUID, slot: int | None = None) -> Job:
    """A job for a definition that is not stored."""
    due = slot or time.time_ns() // 1_000_000
    return Job(monitor, ONE_OFF, due, run_by(due, spec.interval_s * 1000), spec.probed())


@asynccontextmanager
async def opened() -> AsyncIterator[Bench]:
    """A bench, for as long as the block lasts."""
    async with (
        AsyncExitStack() as stack,
        probing(_settings("none")) as free,
        probing(_settings("all-internal")) as guarded,
    ):
        metrics = CheckMetrics("default")
        limits = Limits(total=_PLACES, per_host=_PLACES)
        yield Bench(
            Checker(free, limits, metrics), Checker(guarded, limits, metrics), PushBench(stack)
        )


def shown(spec: ProbedSpec, result: Result) -> str:
    """What `vedette check` prints."""
    console = Console(file=io.StringIO(), width=_WIDE)
    with console.capture() as captured:
        report(console, spec, result)
    return captured.get()


def _settings(forbidden: str) -> ProberSettings:
    return ProberSettings(prober_forbidden=forbidden)
