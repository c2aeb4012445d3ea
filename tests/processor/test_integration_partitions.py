"""Partitions come and go without losing a check, and without holding anybody up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from vedette.processor.partitions import CHECKS, DAILY, HOURLY, Partitioned, drop, make, names
from vedette.store.pool import Pool, open_pool, transaction

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=6, application="test") as pool:
        yield pool


async def check(pool: Pool, slot: datetime) -> UUID:
    """Store a check."""
    monitor = uuid4()
    await pool.execute(
        "insert into check_result (monitor_id, slot, region, outcome, revision)"
        " values ($1, $2, 'default', 'up', 1)",
        monitor,
        slot,
    )
    return monitor


async def where(pool: Pool, monitor: UUID) -> str:
    """The partition that a monitor's check is in."""
    found: str = await pool.fetchval(
        "select tableoid::regclass::text from check_result where monitor_id = $1", monitor
    )
    return found


async def all_names(pool: Pool, parted: Partitioned) -> list[str]:
    async with transaction(pool) as db:
        return await names(db, parted)


async def test_each_time_has_its_partition(pool: Pool) -> None:
    await make(pool, CHECKS, since=NOW - DAY, until=NOW + DAY)
    await make(pool, HOURLY, since=NOW - DAY, until=NOW + 31 * DAY)
    await make(pool, DAILY, since=NOW - 365 * DAY, until=NOW)
    assert await all_names(pool, CHECKS) == [
        "check_result_20260228", "check_result_20260301", "check_result_20260302",
    ]  # fmt: skip
    assert await all_names(pool, HOURLY) == [
        "check_hourly_202602", "check_hourly_202603", "check_hourly_202604",
    ]  # fmt: skip
    assert await all_names(pool, DAILY) == ["check_daily_2025", "check_daily_2026"]
    assert await where(pool, await check(pool, NOW)) == "check_result_20260301"


async def test_checks_without_a_partition_are_kept_and_move_into_theirs(pool: Pool) -> None:
    early, other = await check(pool, NOW), await check(pool, NOW + 2 * DAY)
    assert await where(pool, early) == "check_result_other"
    await make(pool, CHECKS, since=NOW, until=NOW)
    assert await where(pool, early) == "check_result_20260301"
    assert await where(pool, other) == "check_result_other"


async def test_a_partition_is_made_while_checks_of_its_day_come_in(pool: Pool) -> None:
    async def go_on() -> list[UUID]:
        return [await check(pool, NOW) for _ in range(300)]

    coming = asyncio.create_task(go_on())
    await make(pool, CHECKS, since=NOW - DAY, until=NOW + 5 * DAY)
    for monitor in await coming:
        assert await where(pool, monitor) in {"check_result_other", "check_result_20260301"}
    assert "check_result_20260301" in await all_names(pool, CHECKS)


async def test_dropping_waits_for_no_reader_and_holds_no_writer_up(pool: Pool) -> None:
    await make(pool, CHECKS, since=NOW - 3 * DAY, until=NOW)
    await check(pool, NOW - 3 * DAY)
    async with transaction(pool) as reader:
        await reader.fetch("select * from check_result")
        dropping = asyncio.create_task(drop(pool, CHECKS, before=NOW - 2 * DAY))
        longest = 0.0
        while not dropping.done():
            began = time.monotonic()
            await check(pool, NOW)
            longest = max(longest, time.monotonic() - began)
            await asyncio.sleep(0.01)
        await dropping
        assert longest < 2
        assert "check_result_20260226" in await all_names(pool, CHECKS)
    await drop(pool, CHECKS, before=NOW - 2 * DAY)
    assert (await all_names(pool, CHECKS))[0] == "check_result_20260227"


async def test_what_was_detached_before_a_crash_is_dropped(pool: Pool) -> None:
    await make(pool, CHECKS, since=NOW - 3 * DAY, until=NOW)
    await pool.execute("alter table check_result detach partition check_result_20260226")
    await drop(pool, CHECKS, before=NOW - 2 * DAY)
    assert (await all_names(pool, CHECKS))[0] == "check_result_20260227"


async def test_a_partition_made_later_has_the_index_that_sees_repetitions(pool: Pool) -> None:
    await make(pool, CHECKS, since=NOW, until=NOW)
    monitor = await check(pool, NOW)
    again = await pool.fetch(
        "insert into check_result (monitor_id, slot, region, outcome, revision)"
        " values ($1, $2, 'default', 'up', 1) on conflict do nothing returning 1",
        monitor,
        NOW,
    )
    assert again == []
