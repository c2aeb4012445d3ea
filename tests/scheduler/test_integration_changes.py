"""Schedulers on a real database: what is sent is as monitors are defined now."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from tests.scheduler.world import S, World
from tests.world import now_ms

from vedette.scheduler import dispatch
from vedette.store.secretbox import SecretBox


async def test_paused_and_deleted_monitors_are_left_alone(world: World) -> None:
    paused, deleted = await world.monitor(), await world.monitor()
    scheduler = world.scheduler()
    await scheduler.turn()
    scheduler.bus.sent.clear()
    await world.pool.execute("update monitor set paused = true where id = $1", paused)
    await world.pool.execute("update monitor set deleted_at = now() where id = $1", deleted)
    await world.pool.execute("update monitor set updated_at = now()")
    await scheduler.dispatcher.reconcile(now_ms() - 60 * S)  # as if no event had come
    await scheduler.dispatcher.tick()
    for monitor in (paused, deleted):
        scheduler.dispatcher.note_recheck(monitor, now_ms())
    await scheduler.dispatcher.tick()
    assert scheduler.bus.sent == []


async def test_what_is_found_to_have_changed_while_a_tick_runs_is_not_lost(world: World) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    monitor = await world.monitor()
    reconciling = asyncio.create_task(scheduler.dispatcher.reconcile(now_ms() - 60 * S))
    while not reconciling.done():
        await scheduler.dispatcher.tick()
        await asyncio.sleep(0)
    await scheduler.dispatcher.tick()
    assert {sent for _, sent, _ in scheduler.bus.sent} == {monitor}


async def test_what_was_changed_in_a_long_outage_of_the_bus_is_found(world: World) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    scheduler.bus.away = True
    await scheduler.dispatcher.tick()
    monitor = await world.monitor()
    await world.pool.execute("update monitor set updated_at = now() - interval '30 s'")
    scheduler.bus.away = False
    for sees in (False, True):  # an event may also come late; a look well after it clears the air
        await scheduler.dispatcher.reconcile(now_ms() + sees)
        await scheduler.dispatcher.tick()
        assert {sent for _, sent, _ in scheduler.bus.sent} == {monitor}
    unheard = await world.monitor()
    await scheduler.dispatcher.reconcile(now_ms() + 60 * S)
    await scheduler.dispatcher.tick()
    assert unheard not in {sent for _, sent, _ in scheduler.bus.sent}


async def test_many_changes_are_read_some_a_tick(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "CHANGES", 2)
    scheduler = world.scheduler()
    await scheduler.turn()
    monitors = {await world.monitor() for _ in range(5)}
    for monitor in monitors:
        scheduler.dispatcher.note_change(monitor)
    seen = []
    for _ in range(3):
        await scheduler.dispatcher.tick()
        seen.append(len({sent for _, sent, _ in scheduler.bus.sent}))
    assert seen == [2, 4, 5]


SECRETIVE = {"url": "http://127.0.0.1:1/", "headers": {"X-Api-Key": "hunter2"}}


async def test_jobs_carry_the_secrets_that_are_sealed_in_the_database(world: World) -> None:
    await world.monitor(target=SECRETIVE)
    assert "hunter2" not in str(await world.pool.fetchval("select spec from monitor"))
    scheduler = world.scheduler()
    await scheduler.turn()
    assert [one["target"] for one in scheduler.bus.definitions] == [SECRETIVE]


async def test_under_a_wrong_key_checks_say_so_and_the_others_go_on(world: World) -> None:
    secretive, plain = await world.monitor(target=SECRETIVE), await world.monitor()
    scheduler = world.scheduler(box=SecretBox("another key"))
    with structlog.testing.capture_logs() as logs:
        await scheduler.turn()
    (logged,) = [line for line in logs if line["log_level"] == "error"]
    assert (logged["monitors"], str(secretive) in logged["first"]) == (1, True)
    by_id = dict(
        zip((id for _, id, _ in scheduler.bus.sent), scheduler.bus.definitions, strict=True)
    )
    assert by_id.keys() == {secretive, plain}
    assert "obstacle" not in by_id[plain]
    assert by_id[secretive]["target"] == {}
    assert "VEDETTE_SECRET_KEY is not the one" in by_id[secretive]["obstacle"]


async def test_a_definition_that_is_not_valid_any_more_keeps_no_other_from_its_checks(
    world: World,
) -> None:
    broken, plain = await world.monitor(), await world.monitor()
    await world.pool.execute(
        "update monitor set spec = jsonb_set(spec, '{target,surprise}', '1') where id = $1", broken
    )
    scheduler = world.scheduler()
    await scheduler.turn()
    assert {id for _, id, _ in scheduler.bus.sent} == {broken, plain}
    (obstacle,) = [one["obstacle"] for one in scheduler.bus.definitions if "obstacle" in one]
    assert "target.surprise" in obstacle
