"""The figures that Vedette's wellness is judged by, of a real database."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from tests.world import add_monitor, add_workspace, now_ms

from vedette.core.figures import Figures, Sample
from vedette.core.instants import to_datetime
from vedette.core.slots import slot_after
from vedette.store import processes
from vedette.store.figures import figures
from vedette.store.pool import Pool, connection, open_pool
from vedette.store.processes import Process

INTERVAL_MS = 60_000


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=4, application="test") as opened:
        yield opened


async def read(pool: Pool) -> Figures:
    async with connection(pool) as db:
        return await figures(db)


async def watch(pool: Pool, workspace: UUID, **fields: object) -> UUID:
    """A monitor that has been there for a while."""
    hour_ago = now_ms() - 3_600_000
    return await add_monitor(pool, workspace, active_since=hour_ago, timeout_s=5, **fields)


async def end(pool: Pool, monitor: UUID, *outcomes: str) -> None:
    """Its newest slots ended so, one region for each outcome."""
    slot = slot_after(monitor, INTERVAL_MS, now_ms() - 20_000) - 2 * INTERVAL_MS
    for number, outcome in enumerate(outcomes):
        for which in range(3):
            await pool.execute(
                "insert into check_result (monitor_id, slot, region, outcome, revision)"
                " values ($1, $2, $3, $4, 1)",
                monitor,
                to_datetime(slot + which * INTERVAL_MS),
                f"r{number}",
                outcome,
            )


async def test_the_newest_slots_are_looked_up_however_they_ended(pool: Pool) -> None:
    workspace = await add_workspace(pool)
    for outcomes in (["up"], ["missed", "down"], ["missed"], ["internal_error"], []):
        await end(pool, await watch(pool, workspace), *outcomes)
    found = await read(pool)
    assert found.sample == Sample(due=5, seen=2, absent=1, missed=1)
    assert found.sample.unseeing == 1
    assert found.watched == {"default"}


async def test_what_is_not_due_yet_or_not_watched_does_not_count(pool: Pool) -> None:
    workspace = await add_workspace(pool)
    await add_monitor(pool, workspace, timeout_s=5)
    await watch(pool, workspace, interval_s=86_400)  # its last slot is long ago, or to come
    paused, deleted = await watch(pool, workspace), await watch(pool, workspace)
    await pool.execute("update monitor set paused = true where id = $1", paused)
    await pool.execute("update monitor set deleted_at = now() where id = $1", deleted)
    assert (await read(pool)).sample.due <= 1


async def test_shards_are_behind_as_the_one_that_is_furthest(pool: Pool) -> None:
    await pool.execute(
        "update shard set owner = 's', expires_at = now() + interval '5 s', watermark = now()"
    )
    await pool.execute("update shard set watermark = now() - interval '40 s' where id = 7")
    await pool.execute("update shard set expires_at = now() - interval '1 s' where id < 3")
    found = await read(pool)
    assert found.unowned == 3
    assert found.behind_s == pytest.approx(40, abs=5)


async def test_processes_and_probers_count_while_they_are_heard_of(pool: Pool) -> None:
    async with connection(pool) as db:
        for number in range(3):
            await processes.tell(db, Process(f"p{number}", "processor", "1.0", "127.0.0.1:1"))
        await processes.leave(db, "p0")
        await db.execute(
            "update process set seen_at = now() - interval '1 min' where instance = 'p1'"
        )
        for name, region, age in (("a", "eu", 0), ("b", "eu", 60), ("c", "us", 60)):
            await db.execute(
                "insert into prober (instance, run, name, region, version, kinds, lacking, ipv6,"
                " in_flight, waiting, concurrency, clock_ms, seen_at) values ($1, $2, $1, $3,"
                " '1.1', '[]', '{}', false, 0, 0, 1, -250, now() - make_interval(secs => $4))",
                name,
                uuid4(),
                region,
                float(age),
            )
    found = await read(pool)
    assert found.services == {"processor": 1}
    assert found.probers == {"eu": 1, "us": 0}
    assert found.versions == {"1.0": 1, "1.1": 1}
    assert found.skews.keys() == {"p2", "a"}
    assert found.skews["a"] == -250


async def test_what_no_prober_of_a_region_can_check_is_told_with_its_reason(pool: Pool) -> None:
    workspace = await add_workspace(pool)
    for regions in (["eu"], ["eu", "us"], ["empty"]):
        await watch(pool, workspace, regions=regions)
    for name, region, kinds in (("a", "eu", ["tcp"]), ("b", "us", ["http"])):
        await pool.execute(
            "insert into prober (instance, run, name, region, version, kinds, lacking, ipv6,"
            " in_flight, waiting, concurrency) values ($1, $2, $1, $3, '1', $4,"
            ' \'{"http": "curl is missing"}\', false, 0, 0, 1)',
            name,
            uuid4(),
            region,
            kinds,
        )
    assert (await read(pool)).uncheckable == {"http in eu": "curl is missing"}


async def test_regions_that_are_unhealthy_are_told(pool: Pool) -> None:
    await pool.execute(
        "insert into region_health (region, healthy, trouble, message, looked_at) values"
        " ('eu', false, 'uplink', 'no canary answers', now()), ('us', true, null, null, now()),"
        " ('old', false, 'uplink', 'x', now() - interval '1 hour')"
    )
    assert (await read(pool)).unhealthy == {"eu": "no canary answers"}


async def test_a_clock_is_told_against_the_databases(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 90)
    async with connection(pool) as db:
        await processes.tell(db, Process("p", "processor", "1.0", ""))
    monkeypatch.undo()
    row = await pool.fetchrow("select clock_ms, clock_error_ms from process")
    assert row is not None
    assert row["clock_ms"] == pytest.approx(90_000, abs=row["clock_error_ms"] + 50)


async def test_events_that_wait_are_counted_and_the_oldest_told(pool: Pool) -> None:
    for age in (5, 50):
        await pool.execute(
            "insert into outbox (event_id, routing_key, body, created_at)"
            " values ($1, 'x', '', now() - make_interval(secs => $2))",
            uuid4(),
            float(age),
        )
    found = await read(pool)
    assert found.outbox == 2
    assert found.outbox_s == pytest.approx(50, abs=5)


async def deliver(
    pool: Pool, workspace: UUID, lane: str, due_s: float, *, claimed: bool = False,
    incident: UUID | None = None, transition: str = "opened",
) -> None:  # fmt: skip
    channel = uuid4()
    if incident is not None:
        channel = UUID(int=5)
    await pool.execute(
        "insert into channel (id, workspace_id, name, kind, sealed_config)"
        " values ($1, $2, 'c', 'webhook', '') on conflict do nothing",
        channel,
        workspace,
    )
    await pool.execute(
        "insert into delivery (id, workspace_id, incident_id, channel_id, kind, recipient,"
        " transition, event, lane, next_attempt_at, claimed_by, created_at) values ($1, $2, $3,"
        " $4, 'webhook', 'r', $5, '{}', $6, now() + make_interval(secs => $7), $8,"
        " clock_timestamp())",
        uuid4(),
        workspace,
        incident,
        channel,
        transition,
        lane,
        due_s,
        "n" if claimed else None,
    )


async def test_a_delivery_that_nobody_attends_to_is_overdue(pool: Pool) -> None:
    workspace = await add_workspace(pool)
    await deliver(pool, workspace, "idle", -70)
    await deliver(pool, workspace, "idle", 30)  # its time has not come
    found = await read(pool)
    assert found.overdue == 1
    assert found.overdue_s == pytest.approx(70, abs=5)


async def test_one_that_waits_in_a_busy_lane_or_for_its_opening_is_not_overdue(pool: Pool) -> None:
    workspace, incident = await add_workspace(pool), uuid4()
    await deliver(pool, workspace, "slow", 20, claimed=True)
    await deliver(pool, workspace, "slow", -70)
    await deliver(pool, workspace, "mail", 300, incident=incident)
    await deliver(pool, workspace, "mail", -70, incident=incident, transition="resolved")
    assert (await read(pool)).overdue == 0
    await deliver(pool, workspace, "mail", -70, incident=uuid4(), transition="resolved")
    assert (await read(pool)).overdue == 1
    await pool.execute(
        "update delivery set members = 2 where transition = 'resolved' and incident_id <> $1",
        incident,
    )
    assert (await read(pool)).overdue == 0, "a digest waits for openings of its recipient"


async def test_a_change_that_nobody_follows_is_told_after_a_minute(pool: Pool) -> None:
    workspace = await add_workspace(pool)
    for age in (10, 100):
        monitor = await watch(pool, workspace)
        await pool.execute(
            "insert into monitor_state (monitor_id, workspace_id, state, since, sequence)"
            " values ($1, $2, 'down', now(), 2)",
            monitor,
            workspace,
        )
        await pool.execute(
            "insert into span (monitor_id, sequence, workspace_id, state, started_at, decided_at)"
            " values ($1, 2, $2, 'down', now(), now() - make_interval(secs => $3))",
            monitor,
            workspace,
            float(age),
        )
    assert (await read(pool)).unfollowed == 1
    await pool.execute("insert into incident_cursor select monitor_id, 2 from monitor_state")
    assert replace(await read(pool), skews={}).unfollowed == 0
