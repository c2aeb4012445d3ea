"""A running prober: what it opens, what it listens to, how it ends."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from vedette.bus.api import Consumer, Handler, Queue
from vedette.bus.topology import jobs, urgent_jobs
from vedette.prober import metrics
from vedette.prober.checks import Checker
from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.descriptors import make_room
from vedette.prober.handlers import JobHandler
from vedette.prober.icmp.pinger import Pinger
from vedette.prober.limits import Limits
from vedette.prober.names import Resolver
from vedette.prober.presence import Announcer, present
from vedette.prober.probes import offer
from vedette.prober.pulse import beating
from vedette.prober.results import ResultBuffer
from vedette.prober.settings import ProberSettings
from vedette.prober.uplink import canaries, watched_uplink
from vedette.runtime.resources import Resources

log = structlog.get_logger()
# A batch stays in hand until the slowest of its checks has ended, so many must fit beside one
# another, small ones too, to keep the places filled while some targets hang.
_CHECKS_A_BATCH_IN_HAND = 4
_LEAST_BATCHES = 10


@asynccontextmanager
async def running(settings: ProberSettings, resources: Resources) -> AsyncIterator[None]:
    """Take jobs until the block ends, then finish those under way."""
    for kind, why in offer().unable().items():
        log.warning(f"monitors of kind {kind} can't be checked from here", reason=why)
    crowded = make_room(settings.prober_concurrency)
    if crowded is not None:
        log.warning("not all checks may get a socket", reason=crowded)
    limits = Limits(total=settings.prober_concurrency, per_host=settings.prober_per_host)
    metrics.in_flight.set_function(lambda: limits.in_flight)
    metrics.jobs_waiting.set_function(lambda: limits.waiting)
    results = ResultBuffer(
        resources.bus,
        region=settings.region,
        prober=settings.prober_name or resources.instance,
    )
    async with probing(settings) as context:
        announcer = Announcer(settings, limits, resources.bus, resources.instance, context.uplink)
        checker = Checker(context, limits, metrics.CheckMetrics(settings.region))
        handlers = {
            jobs(settings.region): JobHandler(checker, results),
            urgent_jobs(settings.region): JobHandler(checker, results, urgent=True),
        }
        try:
            async with _consuming(settings, resources, handlers), present(announcer):
                yield
        finally:
            await results.close()


@asynccontextmanager
async def probing(settings: ProberSettings) -> AsyncIterator[Context]:
    """What checks need, open for as long as the block lasts."""
    curl = CurlDriver()
    resolver = Resolver(settings.nameservers())
    pinger = Pinger()
    registries = settings.registries()
    watched = watched_uplink(canaries(settings.prober_canaries), settings.prober_canary_interval_s)
    try:
        async with watched as uplink, beating() as pulse:
            yield Context(
                curl,
                resolver,
                settings.ca_file(),
                settings.guard(),
                pinger,
                registries,
                uplink,
                pulse,
            )
    finally:
        await registries.close()
        pinger.close()
        curl.close()
        await resolver.close()


@asynccontextmanager
async def _consuming(
    settings: ProberSettings, resources: Resources, handlers: Mapping[Queue, Handler]
) -> AsyncIterator[None]:
    prefetch = max(_LEAST_BATCHES, settings.prober_concurrency // _CHECKS_A_BATCH_IN_HAND)
    await resources.bus.declare(*handlers)
    consumers: list[Consumer] = []
    try:
        for queue, handler in handlers.items():
            consumers.append(await resources.bus.consume(queue, handler, prefetch=prefetch))
        yield
    finally:
        await asyncio.gather(*[consumer.stop(drain_s=resources.drain_s) for consumer in consumers])
