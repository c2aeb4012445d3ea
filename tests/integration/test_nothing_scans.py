"""What runs again and again reads by indexes and few partitions, never a large table whole.

Not the plans are looked at but what PostgreSQL counts while the services' own code runs, often
enough that it would have taken up the plan that it means to keep: so nothing that is built around a
query can hide a scan.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from tests.bench.filling import Fleet, add_checks, add_monitors, add_outages, add_sums
from tests.world import BOX

from vedette.bus.api import Message
from vedette.bus.local import LocalBus
from vedette.core.instants import to_ms
from vedette.core.outcome import Outcome
from vedette.core.result import Result, ResultBatch
from vedette.core.slots import shard_of
from vedette.gateway.app import build_app
from vedette.gateway.service import opened
from vedette.gateway.settings import GatewaySettings
from vedette.incidents.handlers import Handlers as Incidents
from vedette.incidents.service import go_round
from vedette.processor.closing import close_rounds
from vedette.processor.handlers import Handlers as Processor
from vedette.processor.retention import prune
from vedette.processor.rollup import roll_up
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up
from vedette.runtime.resources import Resources
from vedette.scheduler.store import Store as SchedulerStore
from vedette.store.cache import MemoryCache
from vedette.store.pool import Pool, open_pool
from vedette.testing.postgres import fresh_database

DAY = timedelta(days=1)
KEY = "the key of the tests"
DAYS = 45
MONITORS = 2000
# A plan is kept, for better or worse, once a statement ran five times.
TIMES = 8
# The present day, and where its edges fall; that of checks without a partition.
FEW_PARTITIONS = 4


class Filled:
    """A database in which large tables are large, on one connection, which counts for itself."""

    def __init__(self, pool: Pool, monitors: list[UUID], now: datetime) -> None:
        self.pool = pool
        self.monitors = monitors
        self.now = now

    async def counts(self) -> dict[str, tuple[int, int]]:
        """Rows that were read in sequence, and uses of indexes, by table."""
        await self.pool.execute("select pg_stat_force_next_flush()")
        rows = await self.pool.fetch(
            "select relname, seq_tup_read, coalesce(idx_scan, 0) as idx_scan"
            " from pg_stat_user_tables"
        )
        return {row["relname"]: (row["seq_tup_read"], row["idx_scan"]) for row in rows}

    async def watch(self, work: Callable[[], Awaitable[object]]) -> tuple[dict[str, int], set[str]]:
        """Do some work often: which large tables were scanned, how many rows each time; and
        which days of checks were looked into."""
        before = await self.counts()
        for _ in range(TIMES):
            await work()
        after = await self.counts()
        read = {name: (after[name][0] - before.get(name, (0, 0))[0]) / TIMES for name in after}
        # Default partitions and the like are nearly empty: reading them whole is the best plan.
        scanned = {name: round(rows) for name, rows in read.items() if rows > 200}
        days = {
            name
            for name in after
            if name.startswith("check_result_2")
            and (after[name][1] > before.get(name, (0, 0))[1] or read[name] > 0)
        }
        return scanned, days


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def past(postgres: str) -> tuple[str, datetime]:
    """A filled database, to be copied, and when it ends."""
    now = datetime.now(UTC)
    dsn = await fresh_database(postgres, template="vedette")
    async with open_pool(dsn, size=2, application="test") as pool:
        workspace, born = UUID(int=7), now - DAYS * DAY
        await pool.execute("insert into workspace (id, name) values ($1, 'default')", workspace)
        await keep_up(pool, ProcessorSettings(), now=now)
        async with pool.acquire() as db:
            monitors = await add_monitors(db, workspace, Fleet(MONITORS, 60), born)
        await add_checks(pool, monitors, 12 * 3600, born, now)
        await add_sums(pool, born, now)
        async with pool.acquire() as db:
            await add_outages(db, workspace, born, now)
        await pool.execute(
            "insert into check_evidence select monitor_id, slot, region, '{}' from check_result"
            " where outcome = 'down' or random() < 0.1",
            timeout=300,
        )
        await pool.execute("vacuum analyze", timeout=300)
    return dsn, now


@pytest.fixture
async def filled(past: tuple[str, datetime]) -> AsyncIterator[Filled]:
    dsn, now = past
    copy = await fresh_database(dsn, template=urlsplit(dsn).path.lstrip("/"))
    async with open_pool(copy, size=1, application="test") as pool:
        rows = await pool.fetch("select id from monitor order by id")
        yield Filled(pool, [row["id"] for row in rows], now)


async def nothing_scanned(
    filled: Filled, work: Callable[[], Awaitable[object]], *, days: int = FEW_PARTITIONS
) -> None:
    scanned, looked_into = await filled.watch(work)
    assert not scanned
    assert len(looked_into) <= days, looked_into


@pytest.fixture
async def client(filled: Filled) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    settings = GatewaySettings(
        api_key=SecretStr(KEY), secret_key=SecretStr("a secret"), rate_limit=0
    )
    bus = LocalBus()
    resources = Resources(
        instance="test", bus=bus, drain_s=1, _pool=filled.pool, _cache=MemoryCache()
    )
    async with (
        opened(settings, resources) as gateway,
        TestClient(TestServer(build_app(gateway, {}))) as client,
    ):
        yield client
    await bus.close()


async def test_the_gateway_reads_by_indexes(filled: Filled, client: TestClient) -> None:  # type: ignore[type-arg]
    monitor = filled.monitors[-5]

    async def get(path: str) -> Any:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with client.get(path, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    page = orjson.loads(await get("/api/v1/monitors?limit=50"))
    half = (filled.now - 20 * DAY).isoformat().replace("+00:00", "Z")
    for path, days in {
        "/monitors?limit=50": 0,
        "/monitors?limit=50&state=down": 0,
        "/monitors?limit=50&state=paused": 0,
        f"/monitors?limit=50&cursor={page['next']}": 0,
        f"/monitors/{monitor}": 0,
        f"/monitors/{monitor}/state": 0,
        f"/monitors/{monitor}/spans": 0,
        # An hour in part at the beginning of each window, and the present day.
        f"/monitors/{monitor}/uptime": 9,
        f"/monitors/{monitor}/history?window=24h": FEW_PARTITIONS,
        f"/monitors/{monitor}/history?window=30d": FEW_PARTITIONS,
        # The coming days may have checks, should our clock be behind; and a week of the past.
        f"/monitors/{monitor}/checks?limit=3": 16,
        f"/monitors/{monitor}/checks?limit=10&until={half}": 9,
        "/incidents?limit=50": 0,
        "/incidents?limit=50&state=open": 0,
        f"/incidents?limit=50&monitor={monitor}": 0,
        "/deliveries": 0,
        "/summary": 0,
    }.items():
        scanned, looked_into = await filled.watch(partial(get, f"/api/v1{path}"))
        assert not scanned, path
        assert len(looked_into) <= days, path
    await nothing_scanned(filled, partial(get, "/"), days=0)


async def test_the_scheduler_reads_by_indexes(filled: Filled) -> None:
    store = SchedulerStore(filled.pool, "test", BOX)
    shards = [shard_of(filled.monitors[0])]
    lately = round((filled.now - timedelta(minutes=5)).timestamp() * 1000)
    await nothing_scanned(filled, lambda: store.monitors_of(shards), days=0)
    await nothing_scanned(filled, lambda: store.monitors(filled.monitors[:50]), days=0)
    await nothing_scanned(filled, lambda: store.changed_since(lately), days=0)
    # The coming days are empty, but they are looked into: a slot may lie ahead of our clock.
    await nothing_scanned(filled, lambda: store.recorded(shards, lately), days=9)


async def test_the_processor_reads_by_indexes(filled: Filled) -> None:
    handlers, numbers = Processor(filled.pool), iter(range(10_000))

    async def record() -> None:
        slot = round(filled.now.timestamp() * 1000) + next(numbers)
        results = [
            Result(monitor_id=monitor, revision=1, slot=slot, outcome=Outcome.UP, duration_ms=5,
                   started_at=slot, facts={"status": 200})
            for monitor in filled.monitors[:100]
        ]  # fmt: skip
        batch = ResultBatch(region="default", prober="test", results=results)
        await handlers.record(Message("results", batch.model_dump_json().encode()))

    await nothing_scanned(filled, record)
    await handlers.sweep()
    await nothing_scanned(filled, handlers.sweep)
    await nothing_scanned(filled, lambda: close_rounds(filled.pool, to_ms(filled.now)))


async def test_summing_up_reads_the_hours_that_are_due(filled: Filled) -> None:
    hours = iter(range(100))

    async def another_hour() -> None:
        now = filled.now + timedelta(hours=next(hours))
        await roll_up(filled.pool, now=now, oldest=filled.now - DAYS * DAY)

    await nothing_scanned(filled, another_hour)


async def test_retention_finds_what_is_over_by_indexes(filled: Filled) -> None:
    today = filled.now.replace(hour=0, minute=0, second=0, microsecond=0)
    settings = ProcessorSettings(evidence_retention_days=40)
    await prune(filled.pool, settings, today=today)
    await nothing_scanned(filled, lambda: prune(filled.pool, settings, today=today))


async def test_the_incidents_service_reads_by_indexes(filled: Filled) -> None:
    handlers = Incidents(filled.pool)
    await nothing_scanned(filled, handlers.reconcile, days=0)
    await nothing_scanned(filled, lambda: go_round(filled.pool), days=0)
