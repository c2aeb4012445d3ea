"""The table of probers, kept from what they tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asyncpg import Record
from structlog.testing import capture_logs

from vedette.bus.api import Message
from vedette.core.presence import Presence
from vedette.processor.handlers import Handlers
from vedette.processor.probers import lost
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up
from vedette.store.pool import Pool, connection, open_pool

RUN = uuid4()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=4, application="test") as pool:
        yield pool


async def tell(pool: Pool, run: UUID = RUN, **fields: Any) -> None:
    presence = {
        "instance": "prober-1",
        "run": run,
        "name": "one",
        "region": "eu",
        "version": "1.0",
        "kinds": ["http"],
        "lacking": {"icmp": "not allowed"},
        "ipv6": False,
        "in_flight": 1,
        "waiting": 0,
        "concurrency": 1000,
        **fields,
    }
    body = Presence.model_validate(presence).model_dump_json().encode()
    await Handlers(pool).note_prober(Message("presence", body))


async def row(pool: Pool) -> Record:
    (found,) = await pool.fetch("select * from prober")
    return found


async def test_what_it_tells_last_stands(pool: Pool) -> None:
    await tell(pool)
    first = await row(pool)
    assert (first["kinds"], first["lacking"]) == (["http"], {"icmp": "not allowed"})
    await tell(pool, kinds=["http", "icmp"], lacking={}, in_flight=7)
    then = await row(pool)
    assert (then["kinds"], then["lacking"], then["in_flight"]) == (["http", "icmp"], {}, 7)
    assert then["since"] == first["since"]
    assert then["seen_at"] > first["seen_at"]


async def test_after_its_farewell_a_run_is_not_heard_again(pool: Pool) -> None:
    await tell(pool)
    await tell(pool, leaving=True)
    assert (await row(pool))["left_at"] is not None
    await tell(pool)
    assert (await row(pool))["left_at"] is not None


async def test_the_next_run_of_a_process_is(pool: Pool) -> None:
    await tell(pool)
    before = await row(pool)
    await tell(pool, leaving=True)
    await tell(pool, uuid4())
    after = await row(pool)
    assert after["left_at"] is None
    assert after["since"] > before["since"]


async def test_one_that_was_killed_is_gone_whatever_it_told_before(pool: Pool) -> None:
    await tell(pool)
    async with connection(pool) as db:
        await lost(db, "two")
        assert (await row(pool))["left_at"] is None
        await lost(db, "one")
    gone = (await row(pool))["left_at"]
    assert gone is not None
    await tell(pool)
    async with connection(pool) as db:
        await lost(db, "one")
    assert (await row(pool))["left_at"] == gone
    await tell(pool, uuid4(), instance="prober-2")
    assert await pool.fetchval("select count(*) from prober where left_at is null") == 1


async def test_a_farewell_may_be_all_that_is_heard(pool: Pool) -> None:
    await tell(pool, leaving=True)
    assert (await row(pool))["left_at"] is not None


async def test_what_was_not_heard_of_for_an_hour_is_forgotten(pool: Pool) -> None:
    await tell(pool)
    await tell(pool, uuid4(), instance="prober-2")
    await pool.execute(
        "update prober set seen_at = now() - $1::interval where instance = 'prober-1'",
        timedelta(hours=1, seconds=1),
    )
    await keep_up(pool, ProcessorSettings(), now=datetime.now(UTC))
    assert (await row(pool))["instance"] == "prober-2"


async def test_what_is_told_during_an_outage_is_let_go(database: str) -> None:
    async with open_pool(database, size=1, application="test") as pool:
        await pool.close()
        with capture_logs() as logs:
            await tell(pool)
    assert [entry["event"] for entry in logs] == ["a prober was not heard"]
