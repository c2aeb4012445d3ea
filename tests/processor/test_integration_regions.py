"""Regions that lose their probers: one event a workspace, and one when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.processor.test_integration_probers import tell
from tests.world import add_monitor, add_workspace, events

from vedette.processor.regions import watch
from vedette.processor.regions.breaker import Breaker
from vedette.processor.regions.watch import Watch
from vedette.store.pool import Pool, open_pool

CHANNEL, OTHER = uuid4(), uuid4()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=8, application="test") as pool:
        yield pool


@pytest.fixture(autouse=True)
def _always_looks_for_new_monitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_NAMED_S", 0)


@pytest.fixture
async def workspace(pool: Pool) -> UUID:
    return await add_workspace(pool)


def a_watch(pool: Pool) -> Watch:
    return Watch(pool, Breaker(), patience_s=60, hears=lambda: True)


async def pass_time(pool: Pool, seconds: int) -> None:
    """Let what was seen have been so many seconds before, watched all the while."""
    lag = timedelta(seconds=seconds)
    await pool.execute(
        "update region_health set looks_so_since = looks_so_since - $1::interval,"
        " since = since - $1::interval, results_at = results_at - $1::interval",
        lag,
    )
    await pool.execute("update prober set seen_at = seen_at - $1::interval", lag)


async def lose(pool: Pool, *watches: Watch) -> None:
    """A region's prober is gone for long enough."""
    await tell(pool, leaving=True)
    for _ in range(2):
        await asyncio.gather(*(one.look() for one in watches or [a_watch(pool)]))
        await pass_time(pool, 61)
    await asyncio.gather(*(one.look() for one in watches or [a_watch(pool)]))


async def told(pool: Pool) -> list[tuple[str, dict[str, Any]]]:
    return [
        (event["type"].split(".", 1)[1], event["data"]["outage"])
        for event in await events(pool)
        if event["type"].startswith("vedette.region.")
    ]


async def test_one_event_a_workspace_however_many_monitors_and_processors(
    pool: Pool, workspace: UUID
) -> None:
    for number in range(5):
        regions = ["eu"] if number else ["eu", "us"]
        channel = OTHER if number == 1 else CHANNEL
        await add_monitor(pool, workspace, regions=regions, channels=[channel])
    await add_monitor(pool, workspace, regions=["us"], channels=[uuid4()])
    stranger = await add_workspace(pool)
    await add_monitor(pool, stranger, regions=["eu"])
    await add_workspace(pool)
    await tell(pool)
    watches = [a_watch(pool) for _ in range(3)]
    await asyncio.gather(*(one.look() for one in watches))
    await lose(pool, *watches)
    await asyncio.gather(*(one.look() for one in watches))
    found = await told(pool)
    assert [name for name, _ in found] == ["region.unhealthy.v1"] * 2
    by_size = sorted((outage for _, outage in found), key=lambda outage: outage["monitors"])
    assert [(outage["monitors"], outage["alone"]) for outage in by_size] == [(1, 1), (5, 4)]
    assert by_size[0]["channels"] == []
    assert set(by_size[1]["channels"]) == {str(CHANNEL), str(OTHER)}
    assert by_size[1]["trouble"] == "no_probers"


async def test_its_recovery_is_told_to_those_who_were_told(pool: Pool, workspace: UUID) -> None:
    await add_monitor(pool, workspace, regions=["eu"], channels=[CHANNEL])
    await tell(pool)
    await lose(pool)
    await tell(pool, uuid4())
    await a_watch(pool).look()
    assert len(await told(pool)) == 1, "it may go again at once"
    await pool.execute("update region_health set looks_so_since = now() - interval '31 s'")
    await add_monitor(pool, await add_workspace(pool), regions=["eu"])
    for _ in range(3):
        await a_watch(pool).look()
    (_, first), (name, last) = await told(pool)
    assert name == "region.recovered.v1"
    assert (last["id"], last["resolution"]) == (first["id"], "recovered")
    assert last["channels"] == first["channels"]
    assert last["duration_s"] > 25


async def test_who_comes_to_an_unhealthy_region_is_told_too(pool: Pool, workspace: UUID) -> None:
    await add_monitor(pool, workspace, regions=["eu"])
    await tell(pool)
    await lose(pool)
    await add_monitor(pool, await add_workspace(pool), regions=["eu"])
    for _ in range(2):
        await a_watch(pool).look()
    (_, one), (_, other) = await told(pool)
    assert one["region"] == other["region"]
    assert one["id"] != other["id"], "no workspace knows of others"


async def test_an_outage_ends_when_nobody_needs_the_region(pool: Pool, workspace: UUID) -> None:
    monitor = await add_monitor(pool, workspace, regions=["eu"])
    await tell(pool)
    await lose(pool)
    await pool.execute("update monitor set paused = true where id = $1", monitor)
    for _ in range(2):
        await a_watch(pool).look()
    _, (name, outage) = await told(pool)
    assert (name, outage["resolution"]) == ("region.recovered.v1", "unused")
    assert await pool.fetchval("select count(*) from region_health") == 0


async def test_results_keep_it_well_though_no_prober_is_heard_of(
    pool: Pool, workspace: UUID
) -> None:
    await add_monitor(pool, workspace, regions=["eu"])
    await tell(pool)
    regions = a_watch(pool)
    await regions.look()
    await tell(pool, leaving=True)
    for _ in range(3):
        regions.heard("eu")
        await regions.look()
        await pool.execute("update region_health set looks_so_since = now() - interval '61 s'")
    assert await told(pool) == []


async def test_probers_without_uplink_are_told_as_such(pool: Pool, workspace: UUID) -> None:
    await add_monitor(pool, workspace, regions=["eu"])
    await tell(pool, uplink=True)
    await a_watch(pool).look()
    await tell(pool, uplink=False)
    await a_watch(pool).look()
    await pool.execute("update region_health set looks_so_since = now() - interval '61 s'")
    await a_watch(pool).look()
    ((name, outage),) = await told(pool)
    assert (name, outage["trouble"]) == ("region.unhealthy.v1", "uplink")


async def test_while_it_hears_nothing_it_says_nothing(pool: Pool, workspace: UUID) -> None:
    await add_monitor(pool, workspace, regions=["eu"])
    await tell(pool)
    await lose(pool, Watch(pool, Breaker(), patience_s=60, hears=lambda: False))
    assert await pool.fetchval("select count(*) from region_health") == 0


async def test_after_a_night_without_processors_silence_is_no_alarm(
    pool: Pool, workspace: UUID
) -> None:
    await add_monitor(pool, workspace, regions=["eu"])
    await tell(pool)
    await a_watch(pool).look()
    await pass_time(pool, 40_000)
    await pool.execute("update region_health set looked_at = now() - interval '40000 s'")
    await a_watch(pool).look()
    await a_watch(pool).look()
    assert await told(pool) == []
