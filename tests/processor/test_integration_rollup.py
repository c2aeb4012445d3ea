"""Sums by the hour and by the day are those of the checks, whenever these came."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.world import add_monitor, add_workspace

from vedette.core.histogram import bucket_of
from vedette.core.instants import to_ms
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.processor.judging import record
from vedette.processor.ledger import Ledger
from vedette.processor.partitions import CHECKS, HOURLY, make, names
from vedette.processor.rollup import GRACE, roll_up
from vedette.processor.store import Store
from vedette.store.pool import Pool, open_pool, transaction
from vedette.testing.waiting import eventually

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLDEST = MIDNIGHT - 90 * DAY


class World:
    """One monitor, and a processor that is told what time it is."""

    def __init__(self, pool: Pool, monitor: UUID) -> None:
        self.pool = pool
        self.monitor = monitor

    async def record(self, *results: Result, at: datetime, region: str = "default") -> None:
        async with transaction(self.pool) as db:
            await record(Store(db), region, list(results), Ledger(to_ms(at)))

    async def roll_up(self, at: datetime) -> None:
        await roll_up(self.pool, now=at, oldest=OLDEST)

    async def rows(self, table: str) -> list[Any]:
        return await self.pool.fetch(f"select * from {table} order by at, region")


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=6, application="test") as pool:
        monitor = await add_monitor(pool, await add_workspace(pool))
        await pool.execute("update monitor set created_at = $1", MIDNIGHT)
        await make(pool, CHECKS, since=MIDNIGHT, until=MIDNIGHT + 3 * DAY)
        yield World(pool, monitor)


def a_result(world: World, slot: datetime, outcome: Outcome = Outcome.UP, ms: float = 5) -> Result:
    timed = outcome not in {Outcome.MISSED, Outcome.INTERNAL_ERROR}
    reasons = {Outcome.DOWN: Reason.STATUS, Outcome.MISSED: Reason.MISSED}
    return Result(
        monitor_id=world.monitor,
        revision=1,
        slot=to_ms(slot),
        outcome=outcome,
        reason=reasons.get(outcome),
        started_at=to_ms(slot) if timed else None,
        duration_ms=ms if timed else None,
    )


def histogram(row: Any) -> Counter[int]:
    found: Counter[int] = Counter()
    for bucket, count in zip(row["buckets"], row["counts"], strict=True):
        found[bucket] += count
    return found


async def test_an_hour_is_summed_up_once_it_is_over(world: World) -> None:
    times = [0.0, 0.02, 1.0, 3.5, 80.0, 81.0, 29_999.0]
    results = [a_result(world, MIDNIGHT + timedelta(minutes=n), ms=ms)
               for n, ms in enumerate(times)]  # fmt: skip
    results += [
        a_result(world, MIDNIGHT + timedelta(minutes=20), Outcome.DEGRADED, 80.5),
        a_result(world, MIDNIGHT + timedelta(minutes=21), Outcome.DOWN, 70.0),
        a_result(world, MIDNIGHT + timedelta(minutes=22), Outcome.MISSED),
        a_result(world, MIDNIGHT + HOUR),
    ]
    await world.record(*results, at=MIDNIGHT + HOUR)
    await world.roll_up(MIDNIGHT + HOUR + GRACE - timedelta(seconds=1))
    assert await world.rows("check_hourly") == []
    await world.roll_up(MIDNIGHT + HOUR + GRACE)
    (row,) = await world.rows("check_hourly")
    assert (row["monitor_id"], row["at"], row["region"]) == (world.monitor, MIDNIGHT, "default")
    sums = {name: row[name] for name in ("up", "degraded", "down", "internal_error", "missed")}
    assert sums == {"up": 7, "degraded": 1, "down": 1, "internal_error": 0, "missed": 1}
    assert row["total_ms"] == pytest.approx(sum(times) + 80.5)
    assert histogram(row) == Counter(map(bucket_of, [*times, 80.5]))


async def test_regions_are_summed_up_each(world: World) -> None:
    for region in ("asia", "europe"):
        await world.record(a_result(world, MIDNIGHT), at=MIDNIGHT, region=region)
    await world.roll_up(MIDNIGHT + 2 * HOUR)
    assert [row["region"] for row in await world.rows("check_hourly")] == ["asia", "europe"]


async def test_a_day_is_the_sum_of_its_hours(world: World) -> None:
    hours = [0, 5, 23, 24]
    for hour in hours:
        slots = [MIDNIGHT + hour * HOUR + timedelta(minutes=n) for n in range(3)]
        results = [a_result(world, slot, ms=10 * hour + 5) for slot in slots]
        results.append(a_result(world, slots[-1] + timedelta(minutes=1), Outcome.DOWN))
        await world.record(*results, at=slots[-1])
    await world.roll_up(MIDNIGHT + DAY + GRACE)
    (day,) = await world.rows("check_daily")
    assert (day["at"], day["up"], day["down"]) == (MIDNIGHT, 9, 3)
    assert day["total_ms"] == 3 * (5 + 55 + 235)
    assert histogram(day) == {bucket_of(5): 3, bucket_of(55): 3, bucket_of(235): 3}


async def test_a_day_without_any_answer_has_an_empty_histogram(world: World) -> None:
    await world.record(a_result(world, MIDNIGHT, Outcome.MISSED), at=MIDNIGHT)
    await world.roll_up(MIDNIGHT + DAY + GRACE)
    (day,) = await world.rows("check_daily")
    assert (day["missed"], day["buckets"], day["counts"]) == (1, [], [])


async def test_late_checks_get_into_hours_and_days_of_before(world: World) -> None:
    await world.record(a_result(world, MIDNIGHT), at=MIDNIGHT)
    await world.roll_up(MIDNIGHT + DAY + GRACE)
    late = [a_result(world, MIDNIGHT + timedelta(minutes=1)), a_result(world, MIDNIGHT + 9 * HOUR)]
    await world.record(*late, at=MIDNIGHT + DAY + HOUR)
    await world.record(*late, at=MIDNIGHT + DAY + HOUR)  # and again, as a broker may
    await world.roll_up(MIDNIGHT + DAY + GRACE)
    assert [row["up"] for row in await world.rows("check_hourly")] == [2, 1]
    assert [row["up"] for row in await world.rows("check_daily")] == [3]
    assert await world.pool.fetchval("select count(*) from rollup_late") == 0


async def test_checks_in_time_leave_no_note(world: World) -> None:
    await world.record(a_result(world, MIDNIGHT), at=MIDNIGHT + HOUR + timedelta(seconds=59))
    assert await world.pool.fetchval("select count(*) from rollup_late") == 0


async def test_a_late_check_of_what_is_deleted_already_takes_nothing_away(world: World) -> None:
    slots = [MIDNIGHT + timedelta(minutes=n) for n in range(5)]
    await world.record(*(a_result(world, slot) for slot in slots), at=MIDNIGHT)
    await world.roll_up(MIDNIGHT + DAY + GRACE)
    await world.pool.execute("delete from check_result")
    await world.record(a_result(world, MIDNIGHT + timedelta(minutes=9)), at=MIDNIGHT + 2 * DAY)
    await world.roll_up(MIDNIGHT + DAY + GRACE)
    assert [row["up"] for row in await world.rows("check_hourly")] == [5]
    assert [row["up"] for row in await world.rows("check_daily")] == [5]


async def test_many_monitors_and_many_processors_come_to_the_same(world: World) -> None:
    workspace = await add_workspace(world.pool)
    monitors = [await add_monitor(world.pool, workspace) for _ in range(700)]
    await world.pool.execute("update monitor set created_at = $1", MIDNIGHT)
    await world.pool.execute(
        "insert into check_result (monitor_id, slot, region, outcome, revision, duration_ms)"
        " select m, $2::timestamptz + n * interval '20 minutes', 'default', 'up', 1, 7"
        " from unnest($1::uuid[]) m, generate_series(0, 5) n",
        monitors,
        MIDNIGHT,
    )

    async def rolled_up() -> bool:
        # Who finds another at work leaves it at that, and may be the one who had more to do.
        await asyncio.gather(*(world.roll_up(MIDNIGHT + DAY + GRACE) for _ in range(4)))
        return len(await world.rows("check_daily")) == 700

    await eventually(rolled_up)
    assert len(await world.rows("check_hourly")) == 1400
    days = await world.rows("check_daily")
    assert {(day["up"], day["total_ms"]) for day in days} == {(6, 42)}


async def test_it_begins_with_the_first_monitor_and_with_what_is_kept(world: World) -> None:
    await world.pool.execute("update monitor set created_at = $1", MIDNIGHT - 400 * DAY)
    await roll_up(world.pool, now=MIDNIGHT - DAY, oldest=MIDNIGHT - 2 * DAY)
    through = await world.pool.fetchval("select through from rollup_progress where grain = 'hour'")
    assert through == MIDNIGHT - DAY - HOUR
    async with transaction(world.pool) as db:
        assert await names(db, HOURLY) == ["check_hourly_202602", "check_hourly_202603"]
