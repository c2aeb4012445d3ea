"""Schedulers on a real database: every slot leaves once or is told as missed."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from datetime import timedelta

import pytest
from tests.scheduler.world import S, World
from tests.world import now_ms

from vedette.bus.topology import EXPIRED_KEY
from vedette.core.errors import Transient
from vedette.core.instants import to_datetime
from vedette.core.slots import SHARDS
from vedette.scheduler import dispatch
from vedette.scheduler.dispatch import LOOKAHEAD_MS
from vedette.testing.waiting import eventually


async def test_a_new_monitor_is_dispatched_at_once_and_urgently(world: World) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    monitor = await world.monitor()
    scheduler.dispatcher.note_change(monitor)
    await scheduler.dispatcher.tick()
    assert [(key, id) for key, id, _ in scheduler.bus.sent] == [("default.urgent", monitor)]
    await scheduler.dispatcher.tick()
    assert len(scheduler.bus.slots("default.urgent")) == 1


async def test_slots_of_a_region_whose_queue_is_full_are_missed_and_others_run(
    world: World,
) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    for region in ("eu", "us"):
        scheduler.dispatcher.note_change(await world.monitor(regions=[region]))
    scheduler.bus.full = {"eu.urgent", "eu"}
    await scheduler.dispatcher.tick()
    assert Counter(key for key, _, _ in scheduler.bus.sent) == {"us.urgent": 1, EXPIRED_KEY: 1}
    await scheduler.dispatcher.tick()
    assert len(scheduler.bus.sent) == 2, "each once"


async def test_missed_slots_that_find_no_room_are_told_later_and_once(world: World) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    scheduler.dispatcher.note_change(await world.monitor())
    scheduler.bus.full = {"default.urgent", EXPIRED_KEY}
    for _ in range(2):
        with pytest.raises(Transient):
            await scheduler.dispatcher.tick()
    scheduler.bus.full = set()
    await scheduler.dispatcher.tick()
    await scheduler.dispatcher.tick()
    assert [key for key, _, _ in scheduler.bus.sent] == [EXPIRED_KEY]


async def test_nothing_is_sent_while_too_many_missed_slots_wait(world: World) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    scheduler.dispatcher.note_change(await world.monitor())
    scheduler.bus.unrecorded = 1_000_000
    await scheduler.dispatcher.tick()
    assert scheduler.bus.sent == []
    assert scheduler.leases.valid()
    scheduler.bus.unrecorded = 0
    await scheduler.dispatcher.tick()
    assert len(scheduler.bus.sent) == 1


async def test_slots_too_old_to_run_are_told_as_missed(world: World) -> None:
    monitor = await world.monitor(age_s=600, interval_s=5)
    await world.watermark(60)
    scheduler = world.scheduler()
    await scheduler.turn()
    missed, run = scheduler.bus.slots("expired"), scheduler.bus.slots("default")
    assert len(missed) in {10, 11}
    assert len(run) in {1, 2}
    both = sorted(missed + run)
    assert [later - earlier for earlier, later in itertools.pairwise(both)] == [
        5 * S for _ in both[1:]
    ]
    assert max(missed) < min(run)
    assert {id for _, id, _ in scheduler.bus.sent} == {monitor}


async def test_while_the_bus_is_away_nothing_is_lost_or_noted(world: World) -> None:
    await world.monitor(age_s=600, interval_s=5)
    await world.watermark(12)
    scheduler = world.scheduler()
    scheduler.bus.broken = True
    await scheduler.take()
    with pytest.raises(Transient):
        await scheduler.dispatcher.tick()
    noted = await world.pool.fetchval("select max(watermark) from shard")
    await scheduler.take()
    assert await world.pool.fetchval("select max(watermark) from shard") == noted
    scheduler.bus.broken = False
    await scheduler.dispatcher.tick()
    assert len(scheduler.bus.sent) in {2, 3}
    await scheduler.take()
    assert await world.pool.fetchval("select max(watermark) from shard") > noted


async def test_a_clock_that_is_wrong_changes_no_slot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.monitor(age_s=600, interval_s=5)
    await world.watermark(12)
    scheduler, right = world.scheduler(), time.time_ns
    for wrong_s in (3600, -3600):
        monkeypatch.setattr("time.time_ns", lambda wrong_s=wrong_s: right() + wrong_s * 10**9)
        await scheduler.turn()
    monkeypatch.undo()
    assert len(scheduler.bus.slots()) + len(scheduler.bus.slots("expired")) in {2, 3}
    assert max(scheduler.bus.slots()) <= now_ms() + LOOKAHEAD_MS
    await scheduler.turn()
    noted = await world.pool.fetchval("select max(watermark) from shard")
    assert abs(noted - to_datetime(now_ms())) < timedelta(seconds=30)


async def date_ahead(world: World, by_ms: int) -> None:
    """As if all that the database holds had been dated by a clock that was so much ahead."""
    ahead = timedelta(milliseconds=by_ms)
    await world.pool.execute("update shard set watermark = watermark + $1", ahead)
    await world.pool.execute("update shard set expires_at = expires_at + $1", ahead)
    await world.pool.execute("update scheduler_instance set seen_at = seen_at + $1", ahead)
    await world.pool.execute("update monitor set active_since = active_since + $1", ahead)


async def test_a_clock_that_is_put_back_keeps_nobody_from_shards_and_slots(world: World) -> None:
    await world.monitor(interval_s=5)
    first = world.scheduler()
    await first.turn()
    await first.turn()
    await date_ahead(world, 2 * 3600 * S)
    second = world.scheduler()
    await second.turn()
    assert second.owned == SHARDS
    assert second.bus.slots("default.urgent")
    slots = [slot for _, _, slot in second.bus.sent]
    assert max(slots) < now_ms() + 10 * S


async def test_when_time_leaps_the_last_hour_is_made_up_for_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.monitor(age_s=600, interval_s=60)
    scheduler = world.scheduler()
    await scheduler.turn()
    scheduler.bus.sent.clear()
    year = 365 * 86_400 * S
    monkeypatch.setattr(dispatch, "now_ms", lambda: now_ms() + year)
    await scheduler.turn()
    await scheduler.turn()
    missed = scheduler.bus.slots(EXPIRED_KEY)
    assert 50 <= len(missed) <= 60
    assert min(missed) > now_ms() + year - 3600 * S - 10 * S


async def test_a_scheduler_whose_clock_is_put_back_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.monitor(age_s=600, interval_s=5)
    scheduler = world.scheduler()
    ahead = 2 * 3600 * S
    monkeypatch.setattr(dispatch, "now_ms", lambda: now_ms() + ahead)
    await scheduler.turn()
    ahead = 0
    scheduler.bus.sent.clear()

    async def sends() -> bool:
        await scheduler.turn()
        return bool(scheduler.bus.slots())

    await eventually(sends, what="slots of now")
    assert max(scheduler.bus.slots()) < now_ms() + 10 * S


async def test_a_monitor_that_is_checked_more_often_has_missed_nothing(world: World) -> None:
    monitor = await world.monitor(age_s=3000, interval_s=3600)
    await world.watermark(3000)
    scheduler = world.scheduler()
    await scheduler.turn()
    scheduler.bus.sent.clear()
    await world.pool.execute(
        "update monitor set version = 2, spec = spec || '{\"interval_s\": 5}' where id = $1",
        monitor,
    )
    scheduler.dispatcher.note_change(monitor)
    await scheduler.turn()
    assert scheduler.bus.slots(EXPIRED_KEY) == []
