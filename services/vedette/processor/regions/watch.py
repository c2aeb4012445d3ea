"""Looking at the regions again and again, and telling when one becomes unhealthy or recovers."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal
from uuid import UUID

import structlog

from vedette.core.events import Event, EventData, RegionOutage, RegionRecovered, RegionUnhealthy
from vedette.core.ids import derived, uuid7
from vedette.core.instants import iso
from vedette.processor.regions.breaker import Breaker
from vedette.processor.regions.domain import Health, Sight, look
from vedette.processor.regions.sample import weigh_region
from vedette.processor.regions.store import RegionStore
from vedette.processor.regions.weighing import Weight
from vedette.store import outbox
from vedette.store.pool import Pool, transaction
from vedette.telemetry.traces import traceparent

LOOK_S = 5
_NAMED_S = 60.0
log = structlog.get_logger()


class Watch:
    """Looks at all regions. Any number may run: one looks at a time, and all see the same.

    `hears` says whether probers can be heard at all: while this process has no bus, silence says
    nothing of them.
    """

    def __init__(
        self, pool: Pool, breaker: Breaker, *, patience_s: float, hears: Callable[[], bool]
    ) -> None:
        self._pool = pool
        self._breaker = breaker
        self._patience_ms = round(patience_s * 1000)
        self._hears = hears
        self._results: set[str] = set()
        self._named: set[str] = set()
        self._named_at: float | None = None

    def heard(self, region: str) -> None:
        """Results came from a region."""
        self._results.add(region)

    async def look(self) -> None:
        """One look at all regions, whose effects commit together. Raises Transient."""
        if not self._hears():
            return
        async with transaction(self._pool) as db:
            store = RegionStore(db)
            heard, self._results = self._results, set()
            if heard:
                await store.note_results(heard)
            if doubted := self._breaker.doubted():
                await store.note_doubts(doubted)
            if await store.alone():
                await self._look(store)
            broken = await store.broken()
        self._breaker.trip(broken)

    async def _look(self, store: RegionStore) -> None:
        anew = self._named_at is None or time.monotonic() - self._named_at >= _NAMED_S
        if anew:
            self._named, self._named_at = await store.named(), time.monotonic()
        now, sights, known = await store.now(), await store.sights(), await store.health()
        doubted = await store.doubted()
        for region in sorted(sights.keys() | self._named):
            sight = sights.get(region, Sight(live=0))
            before, outage = known.get(region, (None, None))
            if not sight.alive and region not in self._named:
                await _dismiss(store, region, before, outage, now)
                continue
            if region in doubted:
                weighed = await weigh_region(store.db, region)
                if weighed.weight is Weight.WORTHLESS:
                    sight = replace(sight, disagreement=weighed.why)
            health = look(before, region, sight, now=now, patience_ms=self._patience_ms)
            outage = await _follow(store, region, health, outage, now, anew=anew)
            await store.save(region, health, outage)


async def _follow(
    store: RegionStore, region: str, health: Health, outage: UUID | None, now: int, *, anew: bool
) -> UUID | None:
    """Tell of what has changed; returns the outage that goes on."""
    if health.healthy:
        if outage is not None:
            await _tell_end(store, outage, "recovered", health.since, now)
            log.info("a region has recovered", region=region)
        return None
    if outage is None:
        assert health.problem is not None
        outage, anew = uuid7(now), True
        log.warning("a region is unhealthy", region=region, message=health.problem.message)
    if anew:  # also those who came to the region since
        await _tell_unhealthy(store, outage, region, health, now)
    return outage


async def _dismiss(
    store: RegionStore, region: str, health: Health | None, outage: UUID | None, now: int
) -> None:
    """Nobody is there and nobody needs it."""
    if outage is not None:
        await _tell_end(store, outage, "unused", now, now)
    if health is not None:
        await store.forget([region])


async def _tell_unhealthy(
    store: RegionStore, outage: UUID, region: str, health: Health, now: int
) -> None:
    assert health.problem is not None
    for row in await store.concerned(region, outage):
        told = RegionOutage(
            id=derived("outage", outage, row["workspace_id"]),  # no workspace knows of others
            region=region,
            trouble=health.problem.trouble,
            message=health.problem.message,
            since=iso(health.since),
            monitors=row["monitors"],
            alone=row["alone"],
            channels=row["channels"],
        )
        await store.keep_notice(outage, row["workspace_id"], told)
        await _put(store, row["workspace_id"], RegionUnhealthy(outage=told), now)


async def _tell_end(
    store: RegionStore, outage: UUID, resolution: Literal["recovered", "unused"], at: int, now: int
) -> None:
    """To those who were told of its beginning."""
    for workspace, told in await store.end_notices(outage):
        ended = told.ended(iso(at), resolution)
        await _put(store, workspace, RegionRecovered(outage=ended), now)


async def _put(store: RegionStore, workspace: UUID, data: EventData, now: int) -> None:
    event = Event.of(data, workspace=workspace, at_ms=now, traceparent=traceparent())
    await outbox.put(store.db, [event])
