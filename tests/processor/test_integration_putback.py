"""A clock that was ahead and is put right: what it dated ahead must not make us deaf."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.processor.test_integration_record import World, a_result, world
from tests.world import add_monitor, now_ms

from vedette.core.outcome import Outcome
from vedette.processor import putback
from vedette.processor.putback import PutBack
from vedette.store.pool import transaction

__all__ = ["world"]  # the fixture
S = 1000
AHEAD = 2 * 3600 * S
UP, DOWN = Outcome.UP, Outcome.DOWN


async def put_back(world: World) -> None:
    """A processor that starts."""
    await PutBack(world.pool).look()


async def test_checks_are_judged_that_come_before_what_was_dated_ahead(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    await world.record(a_result(monitor, now_ms() + AHEAD, UP))
    await world.record(a_result(monitor, now_ms(), DOWN))
    assert await world.state(monitor) == "up", "deaf, as long as nobody mends it"
    await put_back(world)
    await world.record(a_result(monitor, now_ms() + 1, DOWN))
    assert await world.state(monitor) == "down"
    spans = await world.pool.fetch("select started_at, ended_at from span order by sequence")
    assert all(span["ended_at"] is None or span["started_at"] <= span["ended_at"] for span in spans)
    latest = max(span["started_at"] for span in spans)
    now = await world.pool.fetchval("select now()")
    assert latest < now + timedelta(minutes=1)


async def test_what_nobody_sees_any_more_is_unknown_three_intervals_later(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, interval_s=5, timeout_s=1)
    await world.record(a_result(monitor, now_ms() + AHEAD, UP))
    await world.handlers.sweep()
    await put_back(world)
    long_ago = timedelta(seconds=60)
    await world.pool.execute(
        "update monitor_state set since = since - $1::interval, last_vote = last_vote - $1,"
        " round = round - $1",
        long_ago,
    )
    await world.handlers.sweep()
    assert await world.state(monitor) == "unknown"


async def test_what_is_dated_well_stays_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putback, "now_ms", lambda: now_ms() - AHEAD)  # our clock is wrong
    monitor = await add_monitor(world.pool, world.workspace)
    await world.record(a_result(monitor, now_ms(), DOWN))

    async def everything() -> list[object]:
        async with transaction(world.pool) as db:
            tables = ("monitor_state", "span", "monitor", "passive_monitor")
            return [await db.fetch(f"select * from {table}") for table in tables]

    before = await everything()
    await put_back(world)
    assert await everything() == before
