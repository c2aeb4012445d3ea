"""Schedulers on a real database: leases move, and every slot leaves once or is told as missed."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
from tests.world import BOX, add_monitor, add_workspace, now_ms

from vedette.bus.api import Exchange, Full, Outgoing, Queue
from vedette.bus.local import LocalBus
from vedette.bus.topology import EXPIRED, EXPIRED_KEY
from vedette.core.errors import Transient, VedetteError
from vedette.core.instants import to_datetime
from vedette.core.slots import SHARDS
from vedette.runtime.resources import Resources
from vedette.scheduler import dispatch
from vedette.scheduler.dispatch import LOOKAHEAD_MS, Dispatcher
from vedette.scheduler.domain import Monitor
from vedette.scheduler.leases import Leases
from vedette.scheduler.service import running
from vedette.scheduler.settings import SchedulerSettings
from vedette.scheduler.store import Store
from vedette.store.pool import Pool, open_pool
from vedette.store.secretbox import SecretBox
from vedette.testing.waiting import eventually

S = 1000


class Recorder(LocalBus):
    """A bus that keeps what is published, and can be out of order."""

    def __init__(self, *, durable: bool) -> None:
        super().__init__()
        self.durable = durable  # type: ignore[misc]
        self.sent: list[tuple[str, UUID, int]] = []
        self.definitions: list[Any] = []
        self.broken = False
        self.away = False
        self.taking = asyncio.Event()
        self.taking.set()
        self.full: set[str] = set()
        self.unrecorded = 0

    def healthy(self) -> bool:
        return not self.away

    async def depth(self, queue: Queue) -> int:
        return self.unrecorded if queue == EXPIRED else 0

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        if self.broken:
            raise Transient("the broker is away")
        await self.taking.wait()
        refused = [message for message in messages if message.key in self.full]
        for message in messages:
            if message in refused:
                continue
            for job in json.loads(message.body)["jobs"]:
                self.sent.append((message.key, UUID(job["monitor_id"]), job["slot"]))
                self.definitions.append(job["definition"])
        if refused:
            raise Full(refused)

    def slots(self, key: str = "default") -> list[int]:
        return [slot for sent_to, _, slot in self.sent if sent_to == key]


@dataclass
class Scheduler:
    """One scheduler without its loops: the test turns it."""

    bus: Recorder
    leases: Leases
    dispatcher: Dispatcher

    @property
    def owned(self) -> int:
        return len(self.leases.shards)

    async def take(self) -> None:
        await self.dispatcher.turn_leases()
        await self.dispatcher.load()

    async def turn(self) -> None:
        await self.take()
        await self.dispatcher.tick()


@dataclass
class World:
    """A database and who works on it."""

    pool: Pool
    workspace: UUID
    made: list[Scheduler] = field(default_factory=list)

    def scheduler(self, *, durable: bool = True, box: SecretBox = BOX) -> Scheduler:
        store = Store(self.pool, f"scheduler-{len(self.made)}", box)
        leases, bus = Leases(store), Recorder(durable=durable)
        self.made.append(Scheduler(bus, leases, Dispatcher(store, bus, leases)))
        return self.made[-1]

    async def monitor(self, *, age_s: float = 0, **fields: object) -> UUID:
        since = now_ms() - int(age_s * S)
        return await add_monitor(self.pool, self.workspace, active_since=since, **fields)

    async def watermark(self, age_s: float) -> None:
        at = to_datetime(now_ms() - int(age_s * S))
        await self.pool.execute("update shard set watermark = $1", at)

    async def expire_leases(self) -> None:
        await self.pool.execute("update shard set expires_at = now() - interval '1 s'")
        await self.pool.execute("update scheduler_instance set seen_at = now() - interval '1 min'")


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=8, application="test") as pool:
        yield World(pool, await add_workspace(pool))


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


async def test_a_new_monitor_is_dispatched_at_once_and_urgently(world: World) -> None:
    scheduler = world.scheduler()
    await scheduler.turn()
    monitor = await world.monitor()
    scheduler.dispatcher.note_change(monitor)
    await scheduler.dispatcher.tick()
    assert [(key, id) for key, id, _ in scheduler.bus.sent] == [("default.urgent", monitor)]
    await scheduler.dispatcher.tick()
    assert len(scheduler.bus.slots("default.urgent")) == 1


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


async def test_without_a_secret_key_it_does_not_start(world: World) -> None:
    bus = Recorder(durable=True)
    resources = Resources(instance="test", bus=bus, drain_s=1, _pool=world.pool)
    with pytest.raises(VedetteError, match="VEDETTE_SECRET_KEY is not set"):
        async with running(SchedulerSettings(), resources):
            pass


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
