"""Probers are known by what they tell: over either bus, however many listen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from vedette.bus.connect import open_bus
from vedette.gateway.store import probers
from vedette.prober.service import running as prober
from vedette.prober.settings import ProberSettings
from vedette.processor.service import running as processor
from vedette.processor.settings import ProcessorSettings
from vedette.runtime.resources import Resources
from vedette.store.pool import Pool, open_pool
from vedette.testing.waiting import eventually


@pytest.fixture(params=["local", "amqp"])
def bus_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("broker").url if request.param == "amqp" else None


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=8, application="test") as pool:
        yield pool


@asynccontextmanager
async def processes(bus_url: str | None, pool: Pool, *names: str) -> AsyncIterator[list[Resources]]:
    """What so many processes open: a bus each, or one for all if it is in the process."""
    async with AsyncExitStack() as stack:
        buses = [await stack.enter_async_context(open_bus(bus_url)) for _ in names]
        if bus_url is None:
            buses = [buses[0]] * len(names)
        yield [
            Resources(instance=name, bus=bus, drain_s=1, _pool=pool)
            for name, bus in zip(names, buses, strict=True)
        ]


async def live(pool: Pool) -> list[str]:
    async with pool.acquire() as db:
        return [row["name"] for row in await probers.known(db) if row["live"]]


async def becomes(pool: Pool, *names: str) -> None:
    async def there() -> bool:
        return await live(pool) == list(names)

    await eventually(there, within=20, what=f"live probers: {names}")


async def test_probers_are_known_while_they_run(bus_url: str | None, pool: Pool) -> None:
    settings = ProberSettings(region="eu")
    async with (
        processes(bus_url, pool, "p1", "p2", "prober-1", "prober-2") as (first, second, one, two),
        processor(ProcessorSettings(), first),
        processor(ProcessorSettings(), second),
    ):
        async with prober(settings, one):
            async with prober(settings, two):
                await becomes(pool, "prober-1", "prober-2")
            await becomes(pool, "prober-1")
            async with prober(settings, two):  # as a process that was started again
                await becomes(pool, "prober-1", "prober-2")
        await becomes(pool)
    rows = await pool.fetch("select region, kinds from prober")
    assert [(row["region"], "http" in row["kinds"]) for row in rows] == [("eu", True)] * 2


async def test_one_that_was_there_first_is_heard_by_the_next_processor(
    bus_url: str | None, pool: Pool
) -> None:
    async with (
        processes(bus_url, pool, "p1", "prober-1") as (one, two),
        prober(ProberSettings(), two),
        processor(ProcessorSettings(), one),
    ):
        await becomes(pool, "prober-1")


async def test_silence_is_the_end_of_it(bus_url: str | None, pool: Pool) -> None:
    async with (
        processes(bus_url, pool, "p1", "prober-1") as (one, two),
        processor(ProcessorSettings(), one),
        prober(ProberSettings(), two),
    ):
        await becomes(pool, "prober-1")
        await pool.execute("update prober set seen_at = seen_at - interval '31 seconds'")
        assert await live(pool) == []
