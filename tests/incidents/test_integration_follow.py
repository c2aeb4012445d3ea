"""Changes of state become incidents, once each, whatever happens to the events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.incidents.world import World, opened_world

from vedette.incidents.handlers import catch_up
from vedette.store.pool import transaction
from vedette.testing.waiting import eventually


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with opened_world(database) as world:
        yield world


async def test_down_and_up_are_one_incident(world: World) -> None:
    await world.span(2, "down")
    await world.tell()
    assert await world.incidents() == [("investigating", None)]
    await world.span(3, "up")
    await world.tell()
    assert await world.incidents() == [("resolved", "recovered")]
    opened, resolved = await world.events()
    assert opened["data"]["incident"]["id"] == resolved["data"]["incident"]["id"]
    assert opened["data"]["incident"]["channels"] == [str(world.channel)]
    assert opened["data"]["monitor"]["name"] == "Shop"


async def test_repeated_events_change_nothing(world: World) -> None:
    await world.span(2, "down")
    await asyncio.gather(*(world.tell() for _ in range(10)))
    await world.span(3, "up")
    await asyncio.gather(*(world.tell() for _ in range(10)))
    assert await world.told() == ["opened", "resolved"]


async def test_changes_that_mean_nothing_are_followed_together(world: World) -> None:
    monitors = [await world.another() for _ in range(20)]
    for monitor in monitors:
        await world.span(1, "up", monitor=monitor)
    await world.span(2, "down", monitor=monitors[7])
    await asyncio.gather(*(world.tell(monitor=monitor) for monitor in monitors))
    assert await world.told() == ["opened"]
    cursors = await world.pool.fetch("select sequence, xmin::text as by from incident_cursor")
    assert sorted(cursor["sequence"] for cursor in cursors) == [1] * 19 + [2]
    assert len({cursor["by"] for cursor in cursors}) == 2, "by itself, what may mean something"


async def test_no_end_is_passed_over_while_its_beginning_is_followed(world: World) -> None:
    await world.tell()
    await world.span(2, "down")
    async with transaction(world.pool) as db:
        await catch_up(db, world.monitor)
        await world.span(3, "up")
        ending = asyncio.create_task(world.tell())

        async def waits() -> bool:
            return await world.pool.fetchval("select true from pg_locks where not granted") or False

        await eventually(waits, within=20, what="the end waits for the beginning")
    await ending
    assert await world.incidents() == [("resolved", "recovered")]


async def test_an_event_that_comes_late_finds_everything(world: World) -> None:
    for sequence, state in enumerate(["down", "up", "unknown", "down"], start=2):
        await world.span(sequence, state)
    await world.tell()
    assert await world.told() == ["opened", "resolved", "opened"]
    assert sorted(await world.incidents()) == [("investigating", None), ("resolved", "recovered")]


async def test_a_lost_event_is_made_up_for(world: World) -> None:
    await world.span(2, "down")
    await world.handlers.reconcile()
    await world.handlers.reconcile()
    assert await world.told() == ["opened"]


async def test_an_event_that_was_lost_long_ago_is_made_up_for(world: World) -> None:
    await world.span(2, "down")
    await world.pool.execute("update span set decided_at = now() - interval '1 day'")
    await world.pool.execute(
        "insert into monitor_state (monitor_id, workspace_id, state, since, sequence)"
        " values ($1, $2, 'down', now(), 2)",
        world.monitor,
        world.workspace,
    )
    await world.handlers.reconcile()
    assert await world.told() == []
    await world.handlers.reconcile_all()
    await world.handlers.reconcile_all()
    assert await world.told() == ["opened"]


async def test_an_end_that_was_never_told_of_is_made_up_for(world: World) -> None:
    await world.span(2, "down")
    await world.tell()
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.handlers.reconcile_all()
    assert await world.incidents() == [("resolved", "deleted")]


async def test_a_reason_that_only_a_newer_version_knows_is_told_of_without_it(
    world: World,
) -> None:
    await world.span(2, "down")
    newer = {"reason": "from the future", "message": "the moon is full"}
    await world.pool.execute("update span set cause = $1 where sequence = 2", newer)
    await world.tell()
    [event] = await world.events()
    assert event["data"]["incident"]["cause"]["message"] == "the moon is full"
    assert "reason" not in event["data"]["incident"]["cause"]


async def test_what_can_not_be_read_holds_up_nobody_else(world: World) -> None:
    for _ in range(3):
        await world.make_unreadable(await world.down_as_well())
    await world.span(2, "down")
    await world.handlers.reconcile()
    assert await world.told() == ["opened"]


async def test_a_deleted_monitors_incident_ends(world: World) -> None:
    await world.span(2, "down")
    await world.tell()
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.tell()
    await world.tell()
    assert await world.incidents() == [("resolved", "deleted")]
    assert await world.told() == ["opened", "resolved"]


async def test_a_deleted_monitor_opens_nothing(world: World) -> None:
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.span(2, "down")
    await world.tell()
    assert await world.incidents() == []


async def test_the_end_of_an_incident_tells_the_votes_that_came_after_its_opening(
    world: World,
) -> None:
    await world.span(2, "down")
    await world.tell()
    votes = [{"region": "fra", "outcome": "down"}, {"region": "sgp", "outcome": "up", "late": True}]
    await world.pool.execute(
        "update span set cause = cause || $1 where sequence = 2", {"votes": votes}
    )
    await world.span(3, "up")
    await world.tell()
    told = (await world.events())[-1]["data"]["incident"]["cause"]["votes"]
    assert [(vote["region"], vote["late"]) for vote in told] == [("fra", False), ("sgp", True)]
