"""Whoever was told is told again while it is down, once each time, whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.incidents.test_integration_maintenance import HOUR, a_window, go, plan
from tests.incidents.world import World, opened_world


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with opened_world(database, remind_every_s=300) as world:
        await world.span(2, "down")
        await world.tell()
        yield world


async def be_open_for(world: World, minutes: int) -> None:
    """Let an open incident have been opened earlier."""
    await world.pool.execute(
        "update incident set opened_at = now() - make_interval(mins => $1),"
        " since = now() - make_interval(mins => $1)",
        minutes,
    )


async def test_nothing_is_said_before_it_is_time(world: World) -> None:
    await be_open_for(world, 4)
    await go(world)
    assert await world.told() == ["opened"]


async def test_many_processes_remind_once(world: World) -> None:
    await be_open_for(world, 6)
    await asyncio.gather(*(go(world) for _ in range(6)))
    assert await world.told() == ["opened", "reminded"]
    event = (await world.events())[-1]
    assert event["data"]["number"] == 1
    assert 350 < event["data"]["down_s"] < 420
    assert event["data"]["incident"]["state"] == "investigating"


async def test_what_can_not_be_read_holds_up_no_other_reminder(world: World) -> None:
    other = await world.down_as_well(remind_every_s=300)
    await world.tell(monitor=other)
    await be_open_for(world, 6)
    first = await world.pool.fetchval("select monitor_id from incident order by id limit 1")
    await world.make_unreadable(first)
    await go(world)
    assert await world.told() == ["opened", "opened", "reminded"]


async def test_what_was_missed_comes_down_to_one(world: World) -> None:
    await be_open_for(world, 63)
    await go(world)
    await go(world)
    assert await world.told() == ["opened", "reminded"]
    await world.pool.execute("update incident set reminded_at = reminded_at - interval '5 min'")
    await go(world)
    assert [e["data"].get("number") for e in await world.events()] == [None, 1, 2]


async def test_nobody_is_reminded_of_what_is_over(world: World) -> None:
    await be_open_for(world, 6)
    await world.span(3, "up")
    await world.tell()
    await go(world)
    assert await world.told() == ["opened", "resolved"]


async def test_without_the_wish_nobody_is_reminded(world: World) -> None:
    await be_open_for(world, 60)
    await world.pool.execute("update monitor set spec = spec || '{\"remind_every_s\": null}'")
    await go(world)
    await world.pool.execute("update monitor set spec = spec - 'remind_every_s'")
    await go(world)
    assert await world.told() == ["opened"]


async def test_a_reminder_waits_for_the_end_of_a_maintenance(world: World) -> None:
    maintenance = await plan(world, a_window(-HOUR, HOUR))
    await be_open_for(world, 6)
    await go(world)
    assert await world.told() == ["opened", "started"]
    await world.pool.execute(
        "update maintenance set deleted_at = now(), updated_at = now(), next_turn_at = '-infinity'"
        " where id = $1",
        maintenance,
    )
    await go(world)
    assert await world.told() == ["opened", "started", "ended", "reminded"]
