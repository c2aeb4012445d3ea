"""Checks and evidence go when their retention is over: the workspace's, or that of a tag."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.world import add_monitor, add_workspace

from vedette.processor import retention
from vedette.processor.partitions import CHECKS, make, names
from vedette.processor.retention import prune
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up
from vedette.store.pool import Pool, open_pool, transaction

TODAY = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = ProcessorSettings(retention_days=10, evidence_retention_days=20)


class World:
    """Workspaces with monitors that have a check and evidence at every noon of forty days."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def monitor(self, workspace: UUID, *tags: str) -> UUID:
        monitor = await add_monitor(self.pool, workspace, tags=list(tags))
        slots = [TODAY - n * DAY + timedelta(hours=12) for n in range(40)]
        await self.pool.execute(
            "insert into check_result (monitor_id, slot, region, outcome, revision)"
            " select $1, slot, 'default', 'down', 1 from unnest($2::timestamptz[]) slot",
            monitor,
            slots,
        )
        await self.pool.execute(
            "insert into check_evidence select $1, slot, 'default', '{}'"
            " from unnest($2::timestamptz[]) slot",
            monitor,
            slots,
        )
        return monitor

    async def keep(self, workspace: UUID, **spec: Any) -> None:
        whole = {"checks_days": None, "evidence_days": None, "tags": {}, **spec}
        await self.pool.execute(
            "insert into retention (workspace_id, spec) values ($1, $2)"
            " on conflict (workspace_id) do update set spec = excluded.spec",
            workspace,
            whole,
        )

    async def prune(self, today: datetime = TODAY) -> None:
        await prune(self.pool, SETTINGS, today=today)

    async def left(self, monitor: UUID, table: str = "check_result") -> int:
        """How many days of a monitor are left, all of which are the newest."""
        slots = await self.pool.fetch(f"select slot from {table} where monitor_id = $1", monitor)
        oldest = TODAY - (len(slots) - 1) * DAY
        assert {row["slot"] for row in slots} == {
            oldest + n * DAY + timedelta(hours=12) for n in range(len(slots))
        }
        return len(slots)


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=6, application="test") as pool:
        await make(pool, CHECKS, since=TODAY - 45 * DAY, until=TODAY)
        yield World(pool)


async def test_the_longest_of_a_monitors_tags_holds_else_its_workspace_else_the_default(
    world: World,
) -> None:
    ours, theirs = await add_workspace(world.pool), await add_workspace(world.pool)
    await world.keep(
        ours,
        checks_days=5,
        tags={
            "long": {"checks_days": 30, "evidence_days": None},
            "short": {"checks_days": 2, "evidence_days": 3},
            "mute": {"checks_days": None, "evidence_days": None},
        },
    )
    monitors = {tags: await world.monitor(ours, *tags) for tags in
                [(), ("other",), ("short",), ("short", "long"), ("mute",)]}  # fmt: skip
    stranger = await world.monitor(theirs, "short")
    await world.prune()
    left = {tags: await world.left(monitor) for tags, monitor in monitors.items()}
    # Whole days, and today.
    assert left == {(): 6, ("other",): 6, ("short",): 3, ("short", "long"): 40, ("mute",): 6}
    assert await world.left(stranger) == 11
    evidence = {tags: await world.left(monitor, "check_evidence")
                for tags, monitor in monitors.items()}  # fmt: skip
    assert set(evidence.values()) == {21, 4}
    assert evidence["short", "long"] == evidence["short",] == 4


async def test_days_that_nobody_keeps_are_dropped_whole(world: World) -> None:
    workspace = await add_workspace(world.pool)
    await world.monitor(workspace)
    await world.keep(workspace, checks_days=4, tags={"a": {"checks_days": 30}})
    await keep_up(world.pool, SETTINGS, now=TODAY + timedelta(hours=3))
    async with transaction(world.pool) as db:
        assert (await names(db, CHECKS))[0] == f"check_result_{TODAY - 30 * DAY:%Y%m%d}"
    await world.pool.execute("delete from retention")
    await keep_up(world.pool, SETTINGS, now=TODAY + timedelta(hours=3))
    async with transaction(world.pool) as db:
        assert (await names(db, CHECKS))[0] == f"check_result_{TODAY - 10 * DAY:%Y%m%d}"


async def test_each_day_one_more_goes_and_a_shorter_time_takes_effect_at_once(
    world: World,
) -> None:
    workspace = await add_workspace(world.pool)
    monitor = await world.monitor(workspace)
    await world.keep(workspace, checks_days=8, tags={"a": {"checks_days": 40}})
    await world.prune()
    assert await world.left(monitor) == 9
    await world.prune(TODAY + DAY)
    assert await world.left(monitor) == 8
    await world.keep(workspace, checks_days=3, tags={"a": {"checks_days": 40}})
    await world.prune(TODAY + DAY)
    assert await world.left(monitor) == 3
    await world.keep(workspace, checks_days=20, tags={"a": {"checks_days": 40}})
    await world.prune(TODAY + DAY)
    assert await world.left(monitor) == 3


async def test_much_is_deleted_little_by_little_by_several_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_ROWS", 3)
    monkeypatch.setattr(retention, "_MONITORS", 2)
    workspace = await add_workspace(world.pool)
    monitors = [await world.monitor(workspace) for _ in range(5)]
    await world.keep(workspace, checks_days=2, evidence_days=2, tags={"a": {"checks_days": 40}})
    await asyncio.gather(*(world.prune() for _ in range(3)))
    await world.prune()
    assert [await world.left(monitor) for monitor in monitors] == [3] * 5
    assert [await world.left(monitor, "check_evidence") for monitor in monitors] == [3] * 5


async def test_checks_without_a_partition_go_in_time_too(world: World) -> None:
    monitor = uuid4()
    for days in (60, 11, 10, 9):
        await world.pool.execute(
            "insert into check_result_other (monitor_id, slot, region, outcome, revision)"
            " values ($1, $2, 'default', 'up', 1)",
            monitor,
            TODAY - (days + 40) * DAY,
        )
    await world.pool.execute("insert into workspace (id, name) values ($1, '')", monitor)
    await world.keep(monitor, checks_days=50)
    await world.prune()
    slots = await world.pool.fetch("select slot from check_result_other order by slot")
    assert [row["slot"] for row in slots] == [TODAY - 50 * DAY, TODAY - 49 * DAY]
