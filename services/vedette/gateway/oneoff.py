"""One-off checks: a job through the bus to a prober, and its result back to this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from vedette.bus import topology
from vedette.bus.api import Bus, Exchange, Message, Outgoing, Queue
from vedette.core.job import Definition, Job, JobBatch
from vedette.core.monitor import ProbedSpec
from vedette.core.result import Result, ResultBatch
from vedette.telemetry.traces import traceparent

# How long a job may wait for a prober before it is not worth running.
PATIENCE_MS = 10_000


class Prober:
    """The probers of all regions, as one that can be asked."""

    def __init__(self, bus: Bus, replies: Queue) -> None:
        self._bus = bus
        self._replies = replies
        self._waiting: dict[UUID, asyncio.Future[Result]] = {}

    async def run(self, spec: ProbedSpec, *, at_ms: int, within_s: float) -> Result:
        """Run `spec` once, in its first region. Raises TimeoutError if nobody answers."""
        region = spec.regions[0]
        job = Job(
            monitor_id=uuid4(),
            revision=0,
            slot=at_ms,
            run_by=at_ms + PATIENCE_MS,
            definition=Definition.model_validate(spec.probed()),
        )
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[job.monitor_id] = answer
        try:
            await self._publish(JobBatch(region=region, jobs=[job]))
            # Not wait_for: in Python 3.11 it can swallow a cancellation.
            async with asyncio.timeout(within_s):
                return await answer
        finally:
            del self._waiting[job.monitor_id]

    async def take(self, message: Message) -> None:
        """Hand results to those who wait for them; late ones are of no use to anybody."""
        for result in ResultBatch.model_validate_json(message.body).results:
            answer = self._waiting.get(result.monitor_id)
            if answer is not None and not answer.done():
                answer.set_result(result)

    async def _publish(self, batch: JobBatch) -> None:
        queue = topology.urgent_jobs(batch.region)
        await self._bus.declare(queue)
        message = Outgoing(
            key=queue.bindings[0].key,
            body=batch.model_dump_json().encode(),
            reply_to=self._replies.bindings[0].key,
            traceparent=traceparent(),
            ttl_ms=PATIENCE_MS,
        )
        await self._bus.publish(Exchange.JOBS, [message])


@asynccontextmanager
async def listening_prober(bus: Bus, instance: str) -> AsyncIterator[Prober]:
    """The probers, with this process listening for their answers."""
    queue = topology.replies(instance)
    prober = Prober(bus, queue)
    consumer = await bus.consume(queue, prober.take, prefetch=50)
    try:
        yield prober
    finally:
        await consumer.stop(drain_s=0)
