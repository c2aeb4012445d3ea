"""Alerts wait for the end of a maintenance, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.incidents.world import World, opened_world
from tests.world import add_monitor, now_ms

from vedette.core.instants import iso, to_datetime
from vedette.core.maintenance import parse_maintenance
from vedette.incidents.service import go_round

HOUR = 3_600_000


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with opened_world(database) as world:
        yield world


def a_window(start: int, end: int, **fields: Any) -> dict[str, Any]:
    """A maintenance from and until so many ms from now."""
    now = now_ms()
    definition = {
        "name": "Move",
        "kind": "once",
        "starts_at": iso(now + start),
        "ends_at": iso(now + end),
        "everything": True,
        **fields,
    }
    return parse_maintenance(definition).model_dump(mode="json")


async def plan(world: World, definition: dict[str, Any]) -> UUID:
    id = uuid4()
    await world.pool.execute(
        "insert into maintenance (id, workspace_id, spec) values ($1, $2, $3)",
        id,
        world.workspace,
        definition,
    )
    return id


async def pass_by(world: World, maintenance: UUID, definition: dict[str, Any]) -> None:
    """Let the time be later: the window is moved into the past, and nobody has seen it move."""
    await world.pool.execute(
        "update maintenance set spec = $2, next_turn_at = '-infinity' where id = $1",
        maintenance,
        definition,
    )


async def go(world: World) -> None:
    await go_round(world.pool)


async def test_an_incident_waits_for_the_end_and_says_so(world: World) -> None:
    maintenance = await plan(world, a_window(-HOUR, HOUR))
    await world.span(2, "down")
    await world.tell()
    await go(world)
    assert await world.incidents() == []
    await pass_by(world, maintenance, a_window(-HOUR, -1))
    await go(world)
    await go(world)
    assert await world.incidents() == [("investigating", None)]
    assert await world.told() == ["started", "ended", "opened"]
    opened = (await world.events())[-1]
    assert opened["data"]["incident"]["held"]["name"] == "Move"
    assert opened["data"]["incident"]["held"]["maintenance_id"] == str(maintenance)


async def test_what_ends_within_a_maintenance_is_never_told(world: World) -> None:
    maintenance = await plan(world, a_window(-HOUR, HOUR))
    await world.span(2, "down")
    await world.tell()
    await world.span(3, "up")
    await world.tell()
    await pass_by(world, maintenance, a_window(-HOUR, -1))
    await go(world)
    assert await world.incidents() == []


async def test_what_came_and_went_in_maintenance_is_not_told_when_it_is_followed_late(
    world: World,
) -> None:
    hour_ago = timedelta(hours=1)
    await plan(world, a_window(-2 * HOUR, -HOUR // 2))
    await world.span(2, "down", ago=hour_ago)
    await world.span(3, "up", ago=timedelta(minutes=50))
    await world.tell()
    assert await world.incidents() == []


async def test_what_is_down_before_and_after_is_told_late_but_told(world: World) -> None:
    await plan(world, a_window(-2 * HOUR, -HOUR // 2))
    await world.span(2, "down", ago=timedelta(hours=1))
    await world.tell()
    assert await world.incidents() == [("investigating", None)]


async def test_an_end_is_told_within_a_maintenance(world: World) -> None:
    await world.span(2, "down")
    await world.tell()
    await plan(world, a_window(-HOUR, HOUR))
    await world.span(3, "up")
    await world.tell()
    assert await world.told() == ["opened", "resolved"]


async def test_another_maintenance_that_goes_on_is_waited_for_too(world: World) -> None:
    first = await plan(world, a_window(-HOUR, HOUR))
    await world.span(2, "down")
    await world.tell()
    await plan(world, a_window(-HOUR, 2 * HOUR, name="More"))
    await pass_by(world, first, a_window(-HOUR, -1))
    await go(world)
    await go(world)
    assert await world.incidents() == []


@pytest.mark.parametrize("scope", ["monitors", "tags"])
async def test_only_the_monitors_meant_wait(world: World, scope: str) -> None:
    other = await add_monitor(world.pool, world.workspace, tags=["db"])
    scopes: dict[str, list[str]] = {"monitors": [str(other)], "tags": ["db"]}
    await plan(world, a_window(-HOUR, HOUR, everything=False, **{scope: scopes[scope]}))
    await world.span(2, "down")
    await world.tell()
    await world.span(1, "down", monitor=other)
    await world.tell(monitor=other)
    assert len(await world.incidents()) == 1


async def test_deleting_a_maintenance_ends_the_waiting(world: World) -> None:
    maintenance = await plan(world, a_window(-HOUR, HOUR))
    await world.span(2, "down")
    await world.tell()
    await go(world)
    await world.pool.execute(
        "update maintenance set deleted_at = now(), updated_at = now(), next_turn_at = '-infinity'"
        " where id = $1",
        maintenance,
    )
    await go(world)
    await go(world)
    assert await world.told() == ["started", "ended", "opened"]


async def test_a_deleted_monitor_waits_for_nothing(world: World) -> None:
    maintenance = await plan(world, a_window(-HOUR, HOUR))
    await world.span(2, "down")
    await world.tell()
    await world.pool.execute("update monitor set deleted_at = now()")
    await pass_by(world, maintenance, a_window(-HOUR, -1))
    await go(world)
    assert await world.incidents() == []


async def test_each_window_is_written_down_and_told_of_once(world: World) -> None:
    maintenance = await plan(world, a_window(-HOUR, HOUR, everything=False, tags=["db"]))
    await asyncio.gather(*(go(world) for _ in range(5)))
    assert await world.told() == ["started"]
    await pass_by(world, maintenance, a_window(-HOUR, -1, everything=False, tags=["db"]))
    await asyncio.gather(*(go(world) for _ in range(5)))
    assert await world.told() == ["started", "ended"]
    [row] = await world.pool.fetch("select * from maintenance_window")
    assert row["maintenance_id"] == maintenance
    assert (row["everything"], row["monitors"], row["tags"]) == (False, [], ["db"])
    assert row["started_at"] <= row["ended_at"]


async def test_windows_that_nobody_saw_are_made_up_for(world: World) -> None:
    """The incidents service was away for a day; the uptime is right all the same."""
    daily = {"name": "Backups", "kind": "cron", "cron": "0 */6 * * *", "duration_s": 600}
    spec = parse_maintenance({**daily, "everything": True}).model_dump(mode="json")
    maintenance = await plan(world, spec)
    day_ago = to_datetime(now_ms()) - timedelta(hours=24)
    await world.pool.execute(
        "update maintenance set followed_until = $2 where id = $1", maintenance, day_ago
    )
    await go(world)
    rows = await world.pool.fetch("select * from maintenance_window order by started_at")
    assert len(rows) in {4, 5}
    ended = [row["ended_at"] - row["started_at"] for row in rows if row["ended_at"]]
    assert len(ended) >= 3
    assert set(ended[1:]) <= {timedelta(minutes=10)}
    assert (await world.told())[:4] == ["started", "ended", "started", "ended"]


async def test_what_can_not_be_read_keeps_nothing_waiting(world: World) -> None:
    await plan(world, {**a_window(-HOUR, HOUR), "kind": "of a later version"})
    await plan(world, a_window(HOUR, 2 * HOUR))
    await world.span(2, "down")
    await world.tell()
    await go(world)
    assert await world.told() == ["opened"]
    assert await world.pool.fetchval("select count(*) from maintenance where next_turn_at is null")
