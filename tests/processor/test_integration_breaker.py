"""What a broken region says of its targets counts for nothing, and what is true goes through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from tests.processor.test_integration_probers import tell
from tests.processor.test_integration_record import World, a_result
from tests.world import add_monitor, add_workspace, events, now_ms

from vedette.core.outcome import Outcome
from vedette.processor.handlers import Handlers
from vedette.processor.regions import breaker as breaker_module
from vedette.processor.regions.breaker import Breaker
from vedette.processor.regions.watch import Watch
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up
from vedette.store.pool import Pool, open_pool

S = 1000
N = 30


class Region(World):
    """Thirty monitors of region eu only, and some that us checks too."""

    breaker: Breaker
    watch: Watch
    alone: list[UUID]
    shared: list[UUID]
    start: int


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=8, application="test") as pool:
        yield pool


@pytest.fixture
async def eu(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Region:
    monkeypatch.setattr(breaker_module, "_FRESH_S", 0)
    await keep_up(pool, ProcessorSettings(), now=datetime.now(UTC))
    breaker = Breaker()
    world = Region(pool, Handlers(pool, breaker=breaker), await add_workspace(pool))
    world.breaker = breaker
    world.watch = Watch(pool, breaker, patience_s=60, hears=lambda: True)
    world.alone = [await add_monitor(pool, world.workspace, regions=["eu"]) for _ in range(N)]
    world.shared = [
        await add_monitor(pool, world.workspace, regions=["eu", "us"]) for _ in range(4)
    ]
    world.start = now_ms() - 50 * S
    everything = [a_result(id, world.start) for id in (*world.alone, *world.shared)]
    await world.record(*everything, region="eu")
    await world.record(*[a_result(id, world.start) for id in world.shared], region="us")
    await tell(pool)
    await tell(pool, uuid4(), instance="us-1", region="us")
    await world.watch.look()
    return world


async def fail(eu: Region, *, after_s: int, us: Outcome | None = None) -> None:
    """All that eu sees fails, one after the other, and once more; us sees its part as it is."""
    slot = eu.start + after_s * S
    for number, id in enumerate([*eu.shared, *eu.alone]):
        at = slot + number * 100
        if us is not None and id in eu.shared:
            await eu.record(a_result(id, at, us), region="us")
        await eu.record(a_result(id, at, Outcome.DOWN), region="eu")
        if number >= 5:  # by then the first has its confirmation
            earlier = [*eu.shared, *eu.alone][number - 5]
            await eu.record(a_result(earlier, at + 50, Outcome.DOWN), region="eu")


async def states(eu: Region, monitors: list[UUID]) -> set[str]:
    return {await eu.state(id) for id in monitors}


async def unhealthy(pool: Pool) -> list[str]:
    return [
        event["data"]["outage"]["trouble"]
        for event in await events(pool)
        if event["type"] == "vedette.region.unhealthy.v1"
    ]


async def test_what_other_regions_contradict_brings_nothing_down(eu: Region, pool: Pool) -> None:
    await fail(eu, after_s=10, us=Outcome.UP)
    assert await states(eu, eu.alone + eu.shared) == {"up"}
    await eu.watch.look()
    assert await unhealthy(pool) == ["disagreement"]
    row = await pool.fetchrow(
        "select outcome, no_say from check_result where region = 'eu' order by slot desc limit 1"
    )
    assert row is not None
    assert row["outcome"] == "down", "it is kept as what it was"
    assert row["no_say"].startswith("counted as internal_error, for region eu is broken: ")
    shown = await pool.fetchval(
        "select last_check from monitor_state where monitor_id = $1", eu.alone[-6]
    )
    assert shown["outcome"] == "internal_error"


async def test_what_the_canaries_contradict_brings_nothing_down(eu: Region, pool: Pool) -> None:
    await tell(pool, uplink=False)
    await fail(eu, after_s=10)
    assert await states(eu, eu.alone) == {"up"}
    await eu.watch.look()
    assert await unhealthy(pool) == ["disagreement"]


async def test_a_great_outage_goes_through_where_the_others_agree(eu: Region, pool: Pool) -> None:
    await fail(eu, after_s=10, us=Outcome.DOWN)
    assert await states(eu, eu.alone[:-6]) == {"down"}
    await eu.watch.look()
    assert await unhealthy(pool) == []


async def test_a_great_outage_goes_through_where_nobody_else_looks(eu: Region, pool: Pool) -> None:
    await pool.execute("update monitor set deleted_at = now() where id = any($1)", eu.shared)
    await fail(eu, after_s=10)
    assert await states(eu, eu.alone[:-6]) == {"down"}
    assert await unhealthy(pool) == []


async def test_all_processors_know_what_one_found(eu: Region, pool: Pool) -> None:
    other = Breaker()
    looker = Watch(pool, other, patience_s=60, hears=lambda: True)
    await fail(eu, after_s=10, us=Outcome.UP)
    await eu.watch.look()
    await looker.look()
    assert set(other.broken) == set(eu.breaker.broken) == {"eu"}
    late = Handlers(pool, breaker=other)
    eu.handlers = late
    for number in range(3):
        result = a_result(eu.alone[-1], eu.start + (30 + number) * S, Outcome.DOWN)
        await eu.record(result, region="eu")
    assert await eu.state(eu.alone[-1]) == "up"


async def test_its_votes_count_again_when_it_has_recovered(eu: Region, pool: Pool) -> None:
    await fail(eu, after_s=10, us=Outcome.UP)
    await eu.watch.look()
    await eu.record(*[a_result(id, eu.start + 45 * S) for id in eu.alone + eu.shared], region="eu")
    await eu.watch.look()
    assert set(eu.breaker.broken) == {"eu"}, "not at the first good sign"
    await pool.execute("update region_health set looks_so_since = now() - interval '31 s'")
    await eu.watch.look()
    assert not eu.breaker.broken
    for at in (46, 47):
        await eu.record(a_result(eu.alone[0], eu.start + at * S, Outcome.DOWN), region="eu")
    assert await eu.state(eu.alone[0]) == "down"
