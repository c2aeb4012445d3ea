"""The consumer: a batch of jobs in, the results of its checks out."""

import asyncio

from vedette.bus.api import Message
from vedette.prober.checks import Checker
from vedette.prober.jobs import Job, parse_batch
from vedette.prober.results import ResultBuffer, confirmed
from vedette.telemetry.traces import span, traceparent


class JobHandler:
    """Runs the jobs of one message at once; returns when all their results are confirmed."""

    def __init__(self, checker: Checker, results: ResultBuffer, *, urgent: bool = False) -> None:
        self._checker = checker
        self._results = results
        self._urgent = urgent

    async def __call__(self, message: Message) -> None:
        """Handle a JobBatch."""
        jobs = parse_batch(message.body)
        with span("probe", parent=message.traceparent, attributes={"jobs": len(jobs)}):
            trace = traceparent()
            if message.reply_to is not None:
                results = await asyncio.gather(*[self._checker.check(job) for job in jobs])
                await self._results.reply(message.reply_to, results, trace)
            else:
                await self._results.room()
                handed_over = await asyncio.gather(*[self._hand_over(job, trace) for job in jobs])
                await confirmed(handed_over)

    async def _hand_over(self, job: Job, trace: str | None) -> asyncio.Future[None]:
        return self._results.add(await self._checker.check(job), trace, urgent=self._urgent)
