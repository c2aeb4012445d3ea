"""Schedulers on a real database: leases move, and shards are loaded by whoever has them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from tests.scheduler.world import Recorder, S, World
from tests.world import now_ms

from vedette.core.errors import Transient, VedetteError
from vedette.core.instants import to_datetime
from vedette.core.slots import SHARDS
from vedette.runtime.resources import Resources
from vedette.scheduler.dispatch import LOOKAHEAD_MS
from vedette.scheduler.domain import Monitor
from vedette.scheduler.service import running
from vedette.scheduler.settings import SchedulerSettings
from vedette.scheduler.store import Store
from vedette.testing.waiting import eventually


@dataclass
class Loading:
    """Reading of monitors that stops, the first time that so many were read."""

    stop_after: int
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    read: set[UUID] = field(default_factory=set)

    async def take(self, monitors: list[Monitor]) -> None:
        if monitors and len(self.read) == self.stop_after and not self.stopped.is_set():
            self.stopped.set()
            await self.go_on.wait()
        self.read |= {monitor.id for monitor in monitors}


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Loading:
    loading, read = Loading(stop_after=1), Store.monitors_of

    async def monitors_of(store: Store, shards: Sequence[int]) -> list[Monitor]:
        found = await read(store, shards)
        await loading.take(found)
        return found

    monkeypatch.setattr(Store, "monitors_of", monitors_of)
    return loading


async def test_one_takes_all_shards_and_a_second_gets_its_half(world: World) -> None:
    first, second = world.scheduler(), world.scheduler()
    await first.turn()
    assert first.owned == SHARDS
    for _ in range(2):
        await second.turn()
        await first.turn()
    await second.turn()
    assert (first.owned, second.owned) == (SHARDS // 2, SHARDS // 2)
    assert not set(first.leases.shards) & set(second.leases.shards)
    await second.leases.leave()
    await first.turn()
    assert first.owned == SHARDS


async def test_shards_that_could_not_be_loaded_are_loaded_at_the_next_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.monitor()
    scheduler = world.scheduler()

    async def fail(_store: Store, _shards: list[int]) -> list[Any]:
        raise Transient("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "monitors_of", fail)
        with pytest.raises(Transient):
            await scheduler.turn()
    await scheduler.turn()
    assert len(scheduler.bus.sent) == 1


async def test_leases_are_renewed_and_what_is_loaded_is_sent_while_others_are_loaded(
    world: World, loading: Loading
) -> None:
    monitors = {await world.monitor(), await world.monitor()}
    for shard, monitor in enumerate(monitors):
        await world.pool.execute("update monitor set shard = $2 where id = $1", monitor, shard)
    scheduler = world.scheduler()
    await scheduler.dispatcher.turn_leases()
    load = asyncio.create_task(scheduler.dispatcher.load())
    await loading.stopped.wait()
    await scheduler.dispatcher.turn_leases()
    await scheduler.dispatcher.tick()
    assert {id for _, id, _ in scheduler.bus.sent} == loading.read
    loading.go_on.set()
    await load
    await scheduler.dispatcher.tick()
    assert {id for _, id, _ in scheduler.bus.sent} == monitors


async def test_a_shard_lost_while_it_was_loaded_goes_on_where_the_other_got_to(
    world: World, loading: Loading
) -> None:
    loading.stop_after = 0
    await world.monitor(age_s=600, interval_s=5)
    await world.watermark(12)
    first, second = world.scheduler(), world.scheduler()
    await first.dispatcher.turn_leases()
    load = asyncio.create_task(first.dispatcher.load())
    await loading.stopped.wait()
    await world.expire_leases()
    await second.turn()
    await second.dispatcher.turn_leases()
    await first.dispatcher.turn_leases()
    assert first.owned == 0
    loading.go_on.set()
    await load
    await second.leases.leave()
    await first.turn()
    assert first.owned == SHARDS, "lost, and won back"
    assert len(second.bus.sent) in {2, 3}
    assert not set(first.bus.sent) & set(second.bus.sent)


async def test_a_successor_goes_on_where_the_first_was_killed(world: World) -> None:
    for _ in range(20):
        await world.monitor(age_s=600, interval_s=5)
    await world.watermark(30)
    first = world.scheduler()
    await first.turn()
    await first.take()  # notes how far the tick came; another tick would find more slots due
    before = Counter((id, slot) for _, id, slot in first.bus.sent)
    assert before
    await world.expire_leases()
    second = world.scheduler()
    await second.turn()
    assert second.owned == SHARDS
    after = Counter((id, slot) for _, id, slot in second.bus.sent)
    assert not before & after, "what the first had sent and noted is not sent again"
    slots = sorted(slot for _, slot in before + after)
    assert slots[0] < now_ms() - 20 * S
    assert slots[-1] <= now_ms() + LOOKAHEAD_MS


async def test_a_bus_that_died_with_its_jobs_gets_those_without_a_check_again(
    world: World,
) -> None:
    monitor = await world.monitor(age_s=3600, interval_s=60)
    await world.watermark(0)
    scheduler = world.scheduler(durable=False)
    await scheduler.turn()
    lost = [slot for _, _, slot in scheduler.bus.sent]
    assert len(lost) in {3, 4}, "as far back as a job may have been under way"
    for slot in lost[:2]:
        await world.pool.execute(
            "insert into check_result (monitor_id, slot, region, outcome, revision)"
            " values ($1, $2, 'default', 'up', 1)",
            monitor,
            to_datetime(slot),
        )
    await world.expire_leases()
    successor = world.scheduler(durable=False)
    await successor.turn()
    again = [slot for _, _, slot in successor.bus.sent]
    assert again[: len(lost) - 2] == lost[2:]


async def test_one_that_lost_its_shards_sends_nothing_for_them(world: World) -> None:
    monitor = await world.monitor(age_s=600, interval_s=5)
    frozen = world.scheduler()
    await frozen.turn()
    await world.expire_leases()
    successor = world.scheduler()
    await successor.turn()
    frozen.bus.sent.clear()
    await frozen.take()
    assert frozen.owned < SHARDS
    frozen.dispatcher.note_recheck(monitor, now_ms())
    frozen.dispatcher.note_change(monitor)
    await frozen.dispatcher.tick()
    assert frozen.bus.sent == []


async def test_the_shards_of_one_that_is_silent_move_within_ten_seconds(world: World) -> None:
    silent, left = world.scheduler(), world.scheduler()
    for _ in range(2):
        await silent.turn()
        await left.turn()
    await silent.turn()
    await left.turn()
    assert (silent.owned, left.owned) == (SHARDS // 2, SHARDS // 2)
    began = time.monotonic()

    async def has_all() -> bool:
        await left.turn()
        return left.owned == SHARDS

    await eventually(has_all, within=30, every=0.5)
    assert time.monotonic() - began < 10
    assert not silent.leases.valid(), "it knows, whether it lives or not"


async def test_a_shard_won_back_while_slots_were_sent_goes_on_where_the_other_got_to(
    world: World,
) -> None:
    await world.monitor(age_s=600, interval_s=5)
    await world.watermark(7)
    first, second = world.scheduler(), world.scheduler()
    await first.take()
    first.bus.taking.clear()
    sending = asyncio.ensure_future(first.dispatcher.tick())
    await asyncio.sleep(0)
    await world.expire_leases()
    await second.take()
    await second.leases.leave()
    await first.take()
    assert first.owned == SHARDS, "lost, and won back"
    first.bus.taking.set()
    await sending
    await first.take()
    noted = await world.pool.fetchval("select max(watermark) from shard")
    assert noted < to_datetime(now_ms() - 6 * S), "its own slots of before are not theirs of now"


async def test_rechecks_survive_their_scheduler(world: World) -> None:
    monitor = await world.monitor(age_s=600)
    recheck = now_ms()
    await world.pool.execute(
        "insert into monitor_state (monitor_id, workspace_id, state, since, sequence, recheck)"
        " values ($1, $2, 'up', now(), 1, $3)",
        monitor,
        world.workspace,
        to_datetime(recheck),
    )
    await world.watermark(0)
    scheduler = world.scheduler()
    await scheduler.turn()
    assert scheduler.bus.slots("default.urgent") == [recheck]


async def test_without_a_secret_key_it_does_not_start(world: World) -> None:
    bus = Recorder(durable=True)
    resources = Resources(instance="test", bus=bus, drain_s=1, _pool=world.pool)
    with pytest.raises(VedetteError, match="VEDETTE_SECRET_KEY is not set"):
        async with running(SchedulerSettings(), resources):
            pass
