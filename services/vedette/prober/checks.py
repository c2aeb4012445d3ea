"""Checks: one job to its result, whatever happens."""

import asyncio
import time
from traceback import format_exc

import structlog

from vedette.core.outcome import Reason
from vedette.core.result import Result
from vedette.prober.context import Context
from vedette.prober.discretion import Discretion, discretion_of_json
from vedette.prober.domain import internal_error, result_of
from vedette.prober.jobs import Job
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.moments import Moments
from vedette.prober.plans import Plan, Plans, Unusable
from vedette.prober.registration.beside import beside

log = structlog.get_logger()
_UNKNOWN_KIND = "unknown"
MOST_AHEAD_S = 1
"""A slot further ahead than this is a clock that is wrong, not a job that is early."""


class Checker:
    """Runs checks with what a prober has open, in their slots and within its limits."""

    def __init__(self, context: Context, limits: Limits, metrics: CheckMetrics) -> None:
        self._context = context
        self._limits = limits
        self._metrics = metrics
        self._plans = Plans()
        self._moments = Moments()

    async def check(self, job: Job) -> Result:
        """One job to its result, whatever happens."""
        kind, discretion = _UNKNOWN_KIND, None
        try:
            plan = self._plans.of(job)
            kind, discretion = plan.kind, plan.discretion
            result = await self._in_turn(job, plan)
        except Unusable as error:
            result = internal_error(job, str(error))
        except Exception as error:
            # Told by the result and the metrics; a log line a check could flood the log.
            trace = (discretion or discretion_of_json(job.definition)).text(format_exc())
            log.debug("a probe failed", monitor=str(job.monitor_id), trace=trace)
            result = internal_error(job, f"the prober failed: {type(error).__name__}: {error}")
        self._metrics.record(kind, result)
        return (discretion or discretion_of_json(job.definition)).result(result)

    async def _in_turn(self, job: Job, plan: Plan) -> Result:
        """Run a check in its slot, when there is a place for it, unless that is too late."""
        early_s = job.slot / 1000 - time.time()
        if early_s > MOST_AHEAD_S:
            await asyncio.sleep(MOST_AHEAD_S)
        elif early_s > 0:  # jobs are sent ahead, so that the way here costs no time
            await self._moments.end_of(job.slot)
        left_s = job.run_by / 1000 - time.time()
        if left_s <= 0:
            return _missed(job, "the job reached the prober too late")
        host = plan.probe.host
        if not self._limits.enter_at_once(host):
            until = asyncio.get_running_loop().time() + left_s
            obstacle = await self._limits.enter(host, until)
            if obstacle is not None:
                return _missed(job, obstacle)
        try:
            started_at = int(time.time() * 1000)
            if started_at > job.run_by:
                return _missed(job, "the prober was too slow to start it")
            began = time.perf_counter()
            seen = await plan.probe.probe(self._context, plan.timeout_s)
            if plan.expectation.registration and plan.domain_host is not None:
                until = began + plan.timeout_s
                seen = await beside(self._context, plan.domain_host, seen, until)
        finally:
            self._limits.leave(host)
        if seen.trouble is not None:
            excused = self._context.pulse.lost(began, plan.timeout_s).excuse(seen.trouble)
            trouble = await self._context.uplink.excuse(excused, began)
            seen = seen._replace(trouble=trouble)
        result = result_of(job, seen, plan.expectation, started_at, plan.telling)
        if result.reason is Reason.LATENCY:
            lost = self._context.pulse.lost(began, plan.timeout_s)
            if lost:
                return internal_error(job, lost.words, started_at)
        return Discretion(seen.secrets).result(result) if seen.secrets else result


def _missed(job: Job, why: str) -> Result:
    limit_s = (job.run_by - job.slot) / 1000
    message = f"{Reason.MISSED.words}: not started within {limit_s:g} s of its due time; {why}"
    return Result.missed(job.monitor_id, job.revision, job.slot, message)
