"""A processor that can't follow slows everything before it down, and every slot is told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pydantic import SecretStr
from tests.world import add_monitor, add_workspace

from vedette.bus.api import Bus, Limit, Message
from vedette.bus.connect import open_bus
from vedette.bus.topology import EXPIRED, RESULTS, jobs
from vedette.core.slots import SHARDS
from vedette.prober.service import running as prober
from vedette.prober.settings import ProberSettings
from vedette.processor.handlers import Handlers
from vedette.processor.service import CHECKS_PREFETCH
from vedette.processor.service import running as processor
from vedette.processor.settings import ProcessorSettings
from vedette.runtime.resources import Resources
from vedette.scheduler.service import running as scheduler
from vedette.scheduler.settings import SchedulerSettings
from vedette.store.pool import Pool, open_pool
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.target import Target, running_target
from vedette.testing.waiting import eventually

MONITORS, INTERVAL_S = 200, 5
SECRET = "a secret of the tests"
ROOM = 3
"""Batches of results that may wait in these tests."""


@pytest.fixture(params=["local", "amqp"])
async def bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bus]:
    """With little room for results."""
    async with AsyncExitStack() as stack:
        if request.param == "local":
            bus = await stack.enter_async_context(open_bus(None))
            bus._queues[RESULTS.name]._limit = Limit(ROOM, 2**20)  # type: ignore[attr-defined]
        else:
            broker = await stack.enter_async_context(running_rabbitmq(tmp_path / "rabbitmq"))
            await declare_small(broker)
            bus = await stack.enter_async_context(open_bus(broker.url))
        yield bus


async def declare_small(broker: Broker) -> None:
    """A queue that stands already is taken as it is."""
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-max-length": ROOM,
        "x-overflow": "reject-publish",
    }
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(RESULTS.name, durable=True, arguments=arguments)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=12, application="test") as pool:
        yield pool


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with running_target() as running:
        yield running


class Gate:
    """Results go through it into the database, when it is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = asyncio.Event()
        self.waiting = 0
        record = Handlers.record

        async def hold(handlers: Handlers, message: Message) -> None:
            self.waiting += 1
            await self.open.wait()
            self.waiting -= 1
            await record(handlers, message)

        monkeypatch.setattr(Handlers, "record", hold)


async def outcomes(pool: Pool) -> dict[str, int]:
    rows = await pool.fetch("select outcome, count(*) as n from check_result group by outcome")
    return {row["outcome"]: row["n"] for row in rows}


async def unaccounted(pool: Pool) -> int:
    """Slots between a monitor's first and last check that have none."""
    # A first check is due at once; the slots follow.
    rows: list[Any] = await pool.fetch(
        "select count(*) as n, extract(epoch from max(slot) - min(slot))::float8 as s"
        " from check_result c where slot > (select min(slot) from check_result f"
        " where f.monitor_id = c.monitor_id) group by monitor_id"
    )
    return sum(int(row["s"] // INTERVAL_S) + 1 - row["n"] for row in rows)


async def test_a_slow_processor_turns_checks_into_missed_ones(
    bus: Bus, pool: Pool, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    workspace = await add_workspace(pool)
    for _ in range(MONITORS):
        await add_monitor(
            pool,
            workspace,
            kind="tcp",
            target={"host": "127.0.0.1", "port": target.port},
            interval_s=INTERVAL_S,
            timeout_s=2,
        )
    resources = Resources(instance="test", bus=bus, drain_s=5, _pool=pool)
    settings = ProberSettings(prober_concurrency=20, prober_forbidden="none")
    deepest = {RESULTS: 0, EXPIRED: 0, jobs("default"): 0}
    async with (
        processor(ProcessorSettings(), resources),
        prober(settings, resources),
    ):
        async with scheduler(SchedulerSettings(secret_key=SecretStr(SECRET)), resources):

            async def many_missed() -> bool:
                for queue, depth in deepest.items():
                    deepest[queue] = max(depth, await bus.depth(queue))
                return (await outcomes(pool)).get("missed", 0) > 2 * MONITORS

            await eventually(many_missed, within=90)
            assert gate.waiting == CHECKS_PREFETCH
            assert deepest[RESULTS] <= ROOM + 3, "refused a little late"
            assert deepest[jobs("default")] < 100
            assert await pool.fetchval("select count(*) from shard where owner = 'test'") == SHARDS
            gate.open.set()
            await eventually(lambda: outcomes_have(pool, "up"), within=30)

        async def all_recorded() -> bool:
            waiting = [await bus.depth(queue) for queue in deepest]
            return not any(waiting) and await unaccounted(pool) == 0

        await eventually(all_recorded, within=60)
    assert await pool.fetchval("select count(*) from monitor_state where state = 'down'") == 0


async def outcomes_have(pool: Pool, outcome: str) -> bool:
    return outcome in await outcomes(pool)
