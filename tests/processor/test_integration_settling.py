"""What finds what was known comes to the same by the one statement for it as by judging it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.world import add_monitor, add_workspace, now_ms

from vedette.core.instants import iso
from vedette.core.result import Result
from vedette.processor.arrivals import Arrivals, arrivals_of, validated
from vedette.processor.judging import record
from vedette.processor.ledger import Ledger
from vedette.processor.settings import ProcessorSettings
from vedette.processor.settling import settle
from vedette.processor.store import Store
from vedette.processor.upkeep import keep_up
from vedette.store.pool import Pool, open_pool, transaction

DAY_MS = 86_400_000


@dataclass
class World:
    """A database, and one monitor that is up since a minute ago."""

    pool: Pool
    workspace: UUID
    now: int

    async def monitor(self, **fields: Any) -> UUID:
        id = await add_monitor(self.pool, self.workspace, **fields)
        await self.pool.execute("update monitor set created_at = 'epoch' where id = $1", id)
        async with transaction(self.pool) as db:
            await Store(db).begin([id])
        await self.judge(id, self.now - 60_000)
        return id

    async def judge(self, monitor: UUID, slot: int, **fields: Any) -> None:
        async with transaction(self.pool) as db:
            store, ledger = Store(db), Ledger(self.now)
            await record(store, "default", validated([a_result(monitor, slot, **fields)]), ledger)
            await ledger.save(store)

    async def settle(self, *results: dict[str, Any], region: str = "default") -> int:
        arrivals = Arrivals(region, results, storable=True)
        async with transaction(self.pool) as db:
            settled, others = await settle(db, [arrivals], self.now)
        assert settled + len(others) == len(results)
        return settled

    async def stands(self, monitor: UUID) -> dict[str, Any]:
        row = await self.pool.fetchrow("select * from monitor_state where monitor_id = $1", monitor)
        check = await self.pool.fetchrow(
            "select * from check_result where monitor_id = $1 order by slot desc limit 1", monitor
        )
        assert row is not None
        assert check is not None
        both = dict(row) | {f"check_{name}": value for name, value in check.items()}
        return {name: value for name, value in both.items() if not name.endswith("monitor_id")}


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=4, application="test") as pool:
        await keep_up(pool, ProcessorSettings(), now=datetime.now(UTC))
        yield World(pool, await add_workspace(pool), now_ms())


def a_result(monitor: UUID, slot: int, **fields: Any) -> dict[str, Any]:
    return {
        "monitor_id": str(monitor),
        "revision": 1,
        "slot": slot,
        "outcome": "up",
        "started_at": slot + 3,
        "duration_ms": 1.234,
        "phases": {"connect": 0.512},
        "facts": {"status": 200, "ip": "127.0.0.1"},
        **fields,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"phases": {}, "facts": {}},
        {"facts": {"status": 200, "text": "a'b\"c\\d ü \u2028"}},
        {"hops": [{"url": "http://a.example/", "status": 302}]},
        {"facts": {"certificate_expires_at": "2199-01-01T00:00:00Z"}},
    ],
)
async def test_it_comes_to_the_same_as_by_judging(world: World, fields: dict[str, Any]) -> None:
    settled, judged = await world.monitor(), await world.monitor()
    assert await world.settle(a_result(settled, world.now, **fields)) == 1
    await world.judge(judged, world.now, **fields)
    one, other = await world.stands(settled), await world.stands(judged)
    assert one == other
    assert await world.pool.fetchval("select count(*) from outbox") == 2  # that they came up


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "down", "reason": "status", "message": "HTTP status 500"},
        {"outcome": "degraded", "reason": "latency"},
        {"outcome": "missed", "reason": "missed", "started_at": None},
        {"revision": 2},
        {"evidence": {"body": "kept always"}},
        {"slot": -60_000},
        {"slot": -70_000},
        {"slot": 600_000},
        {"slot": -7_200_000},
        {"facts": {"certificate_expires_at": 20}},
        {"facts": {"chain_expires_at": 20}},
        {"facts": {"certificate_expires_at": "nonsense"}},
        {"facts": {"certificate_expires_at": "2199-01-01T00:00:00"}},
    ],
)
async def test_what_tells_of_more_is_left_to_be_judged(
    world: World, fields: dict[str, Any]
) -> None:
    monitor = await world.monitor()
    before = await world.stands(monitor)
    told = {
        name: iso(world.now + value * DAY_MS) if isinstance(value, int) else value
        for name, value in fields.get("facts", {}).items()
    }
    slot = world.now + fields.get("slot", 0)
    result = a_result(monitor, slot) | fields | {"facts": told, "slot": slot}
    assert await world.settle(result) == 0
    assert await world.stands(monitor) == before


@pytest.mark.parametrize(
    "change",
    [
        "update monitor set paused = true",
        "update monitor set deleted_at = now()",
        "update monitor set revision = 2",
        """update monitor set spec = spec || '{"regions": ["default", "b"]}'""",
        """update monitor set spec = spec || '{"regions": ["b"]}'""",
        "update monitor_state set state = 'unknown'",
        "update monitor_state set state = 'down', verdict = 'down'",
        "update monitor_state set failures = 1, run_since = round",
        "update monitor_state set recheck = now()",
        "delete from monitor_state",
    ],
)
async def test_what_is_not_simply_up_is_left_to_be_judged(world: World, change: str) -> None:
    monitor = await world.monitor()
    await world.pool.execute(change)
    assert await world.settle(a_result(monitor, world.now)) == 0
    assert await world.pool.fetchval("select count(*) from check_result") == 1


async def test_a_check_that_is_stored_already_changes_nothing(world: World) -> None:
    monitor = await world.monitor()
    await world.pool.execute(
        "insert into check_result (monitor_id, slot, region, outcome, revision)"
        " select $1, to_timestamp($2 / 1000::float8), 'default', 'down', 1",
        monitor,
        world.now,
    )
    before = await world.stands(monitor)
    assert await world.settle(a_result(monitor, world.now)) == 0
    assert await world.stands(monitor) == before


async def test_two_results_of_one_monitor_are_left_to_be_judged_in_turn(world: World) -> None:
    twice, once = await world.monitor(), await world.monitor()
    results = [a_result(twice, world.now), a_result(once, world.now), a_result(twice, world.now)]
    assert await world.settle(*results) == 1


async def test_what_postgresql_cannot_store_is_left_to_be_mended(world: World) -> None:
    monitor = await world.monitor()
    result = a_result(monitor, world.now, facts={"text": "a\0b"})
    async with transaction(world.pool) as db:
        settled, others = await settle(
            db, [Arrivals("default", [result], storable=False)], world.now
        )
    assert (settled, others) == (0, [result])
    assert validated(others)[0].facts["text"] == "a\ufffdb"


def test_results_of_our_own_arrive_as_others_do() -> None:
    result = Result.missed(UUID(int=1), 1, 5, "why")
    arrived = arrivals_of("default", [result])
    assert validated(arrived.results) == [result]
