"""Reports, and their absence, become checks, states and events; groups follow their members."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from tests.world import add_monitor, add_workspace, events, now_ms

from vedette.bus.api import Message
from vedette.core.events import Event, MonitorDeleted, MonitorRef
from vedette.core.instants import to_datetime, to_ms
from vedette.core.outcome import Outcome
from vedette.core.reporting import Report, Signal
from vedette.core.result import Result, ResultBatch
from vedette.processor.handlers import Handlers
from vedette.processor.passive.care import Care
from vedette.processor.passive.store import PassiveStore
from vedette.store.pool import Pool, open_pool, transaction

S = 1000
MINUTE = 60 * S


@dataclass
class World:
    """A processor on a database of its own, where gateways have listened since long ago."""

    pool: Pool
    workspace: UUID
    care: Care
    handlers: Handlers

    async def monitor(self, kind: str, target: dict[str, Any], **fields: Any) -> UUID:
        fields.setdefault("active_since", now_ms() - 60 * MINUTE)
        id = await add_monitor(self.pool, self.workspace, kind=kind, target=target, **fields)
        await self.pool.execute("update monitor set passive = true where id = $1", id)
        await self.pool.execute(
            "insert into passive_monitor (monitor_id, token, wake_at) values ($1, $2, '-infinity')",
            id,
            str(id),
        )
        return id

    async def heartbeat(self, **fields: Any) -> UUID:
        return await self.monitor("heartbeat", {"every_s": 60, "grace_s": 10}, **fields)

    async def report(self, monitor: UUID, report: Report, body: bytes | None = None) -> None:
        await self.pool.execute(
            "insert into report (monitor_id, at, signal, run, exit_status, message, duration_ms,"
            " method, body) values ($1, $2, $3, $4, $5, $6, $7, 'GET', $8)",
            monitor,
            to_datetime(report.at),
            report.signal,
            report.run,
            report.exit_status,
            report.message,
            report.duration_ms,
            body,
        )
        await self.pool.execute(
            "update passive_monitor set wake_at = '-infinity' where monitor_id = $1", monitor
        )

    async def look(self) -> None:
        while await self.care.look_after_some():
            pass

    async def wake(self, monitor: UUID) -> None:
        await self.pool.execute(
            "update passive_monitor set wake_at = '-infinity' where monitor_id = $1", monitor
        )
        await self.look()

    async def state(self, monitor: UUID) -> str | None:
        state: str | None = await self.pool.fetchval(
            "select state from monitor_state where monitor_id = $1", monitor
        )
        return state

    async def checks(self, monitor: UUID) -> list[tuple[str, str | None]]:
        rows = await self.pool.fetch(
            "select outcome, reason from check_result where monitor_id = $1 order by slot", monitor
        )
        return [(row["outcome"], row["reason"]) for row in rows]

    async def probed(self, monitor: UUID, outcome: Outcome) -> None:
        """A prober's result for a monitor that is down at the first failure."""
        result = Result(monitor_id=monitor, revision=1, slot=now_ms(), outcome=outcome)
        batch = ResultBatch(region="default", prober="test", results=[result])
        await self.handlers.record(Message("results", batch.model_dump_json().encode()))
        await self.look()


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=8, application="test") as pool:
        await pool.execute("update listening set since = now() - interval '1 day'")
        await pool.execute("insert into gateway_instance values ('test', now() + interval '1 h')")
        yield World(pool, await add_workspace(pool), Care(pool), Handlers(pool))


async def test_a_new_heartbeat_waits_for_its_first_report(world: World) -> None:
    job = await world.heartbeat()
    await world.look()
    assert await world.checks(job) == []
    await world.report(job, Report(now_ms(), Signal.SUCCESS))
    await world.look()
    assert await world.state(job) == "up"


async def test_a_missing_run_is_down_and_told_once(world: World) -> None:
    job = await world.heartbeat()
    await world.report(job, Report(now_ms() - 75 * S, Signal.SUCCESS))
    await world.look()
    await world.wake(job)
    assert await world.checks(job) == [("up", None), ("down", "run_missing")]
    changes = [e["data"]["state"] for e in await events(world.pool) if "state_ch" in e["type"]]
    assert changes == ["up", "down"]


async def test_a_deadline_wakes_by_itself(world: World) -> None:
    job = await world.heartbeat()
    at = now_ms()
    await world.report(job, Report(at, Signal.SUCCESS))
    await world.look()
    wake_at = await world.pool.fetchval("select wake_at from passive_monitor")
    assert to_ms(wake_at) == at + 71 * S


async def test_a_report_brings_it_back(world: World) -> None:
    job = await world.heartbeat()
    await world.report(job, Report(now_ms() - 75 * S, Signal.SUCCESS))
    await world.report(job, Report(now_ms(), Signal.SUCCESS))
    await world.look()
    assert await world.checks(job) == [("up", None), ("down", "run_missing"), ("up", None)]
    assert await world.state(job) == "up"


async def test_a_failing_run_shows_what_it_posted(world: World) -> None:
    job = await world.heartbeat()
    report = Report(now_ms(), Signal.FAIL, exit_status=2)
    await world.report(job, report, b"no space \0 left\xff")
    await world.look()
    assert await world.state(job) == "down"
    evidence = await world.pool.fetchval("select evidence from check_evidence")
    assert evidence["body"] == "no space � left�"


async def test_what_may_have_come_unheard_makes_it_unknown_not_down(world: World) -> None:
    job = await world.heartbeat()
    await world.report(job, Report(now_ms() - 75 * S, Signal.SUCCESS))
    await world.pool.execute("update listening set since = now()")
    await world.look()
    assert await world.checks(job) == [("up", None), ("missed", "missed")]
    assert await world.state(job) == "unknown"
    await world.report(job, Report(now_ms(), Signal.SUCCESS))
    await world.look()
    assert await world.state(job) == "up"


async def test_a_deadline_waits_until_it_is_known_that_somebody_listened(world: World) -> None:
    job = await world.heartbeat()
    await world.report(job, Report(now_ms() - 75 * S, Signal.SUCCESS))
    await world.pool.execute("update gateway_instance set seen_at = now() - interval '10 s'")
    await world.look()
    assert await world.checks(job) == [("up", None)]
    wake_at = await world.pool.fetchval("select wake_at from passive_monitor")
    assert now_ms() < to_ms(wake_at) < now_ms() + 2 * S
    await world.pool.execute("update gateway_instance set seen_at = now()")
    await world.wake(job)
    assert await world.checks(job) == [("up", None), ("down", "run_missing")]


async def test_a_heartbeat_is_not_swept_for_having_no_interval(world: World) -> None:
    job = await world.monitor("heartbeat", {"every_s": 86_400})
    await world.report(job, Report(now_ms() - 30 * MINUTE, Signal.SUCCESS))
    await world.look()
    await world.handlers.sweep()
    assert await world.state(job) == "up"


async def test_a_success_is_held_against_assertions(world: World) -> None:
    fields = {
        "assertions": [{"subject": "run_time", "operator": "less", "value": 5}],
        "degraded_assertions": [{"subject": "body", "operator": "contains", "value": "rows"}],
    }
    job = await world.heartbeat(**fields)
    at = now_ms() - 60 * S
    await world.report(job, Report(at, Signal.START))
    await world.report(job, Report(at + 6 * S, Signal.SUCCESS), b"7 rows")
    await world.report(job, Report(at + 10 * S, Signal.START))
    await world.report(job, Report(at + 11 * S, Signal.SUCCESS), b"nothing")
    await world.report(job, Report(at + 20 * S, Signal.START))
    await world.report(job, Report(at + 21 * S, Signal.SUCCESS), b"8 rows")
    await world.look()
    assert await world.checks(job) == [("down", "run_late"), ("degraded", "body"), ("up", None)]


async def test_what_came_during_a_pause_says_nothing(world: World) -> None:
    job = await world.heartbeat()
    await world.report(job, Report(now_ms() - 75 * S, Signal.SUCCESS))
    await world.pool.execute("update monitor set paused = true where id = $1", job)
    await world.look()
    assert await world.checks(job) == []
    await world.pool.execute(
        "update monitor set paused = false,"
        " active_since = date_trunc('milliseconds', now()) where id = $1",
        job,
    )
    await world.wake(job)
    assert await world.checks(job) == []


async def test_a_new_schedule_begins_when_it_is_made(world: World) -> None:
    job = await world.monitor("heartbeat", {"every_s": 86_400})
    await world.report(job, Report(now_ms() - 30 * MINUTE, Signal.SUCCESS))
    await world.look()
    await world.pool.execute(
        "update monitor set revision = 2, spec = jsonb_set(spec, '{target,every_s}', '60')"
        " where id = $1",
        job,
    )
    await world.wake(job)
    assert await world.checks(job) == [("up", None)]


async def test_more_reports_than_are_read_at_once_are_all_read_first(world: World) -> None:
    job = await world.heartbeat()
    begun = now_ms() - 500 * S
    for number in range(450):
        await world.report(job, Report(begun + number * S, Signal.SUCCESS))
    await world.look()
    assert await world.checks(job) == [("up", None)] * 450


async def test_a_definition_nobody_can_read_stops_nobody_else(world: World) -> None:
    broken, job = await world.heartbeat(), await world.heartbeat()
    await world.pool.execute("update monitor set spec = spec - 'target' where id = $1", broken)
    await world.report(job, Report(now_ms(), Signal.SUCCESS))
    await world.look()
    assert await world.state(job) == "up"


async def test_pushed_results_are_what_they_say(world: World) -> None:
    pushed = await world.monitor("push", {})
    for number, signal in enumerate((Signal.UP, Signal.DEGRADED, Signal.DOWN)):
        report = Report(now_ms() + number, signal, message=f"it is {signal}", duration_ms=2.5)
        await world.report(pushed, report)
    await world.look()
    assert [outcome for outcome, _ in await world.checks(pushed)] == ["up", "degraded", "down"]
    last = await world.pool.fetchval("select last_check from monitor_state")
    assert (last["message"], last["duration_ms"]) == ("it is down", 2.5)


async def test_a_change_of_a_member_waits_for_nobody_who_looks_after_its_group(
    world: World,
) -> None:
    shop = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    group = await world.monitor("group", {"members": [str(shop)]})
    await world.look()
    async with transaction(world.pool) as db:
        await db.execute("select from passive_monitor for update")  # as another processor has it
        async with asyncio.timeout(10):
            await world.probed(shop, Outcome.UP)
        assert await world.state(group) == "pending"
    await world.look()
    assert await world.state(group) == "up"
    assert await world.pool.fetchval("select count(*) from group_wake") == 0


async def test_nested_groups_and_their_members_change_side_by_side(world: World) -> None:
    shops = [await add_monitor(world.pool, world.workspace, failure_threshold=1) for _ in range(4)]
    groups = [await world.monitor("group", {"members": [str(shop)]}) for shop in shops]
    outer = [
        await world.monitor("group", {"members": [str(groups[n]), str(groups[n - 1])]})
        for n in range(len(groups))
    ]
    others = Care(world.pool)
    for outcome in [Outcome.UP, Outcome.DOWN] * 5:
        await asyncio.gather(
            *(world.probed(shop, outcome) for shop in shops),
            *(care.look_after_some() for care in (world.care, others) for _ in range(4)),
        )
        await world.look()
        for group in [*groups, *outer]:
            assert await world.state(group) == outcome


async def test_a_paused_group_is_forgotten_until_it_goes_on(world: World) -> None:
    shop = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    paused, group = [await world.monitor("group", {"members": [str(shop)]}) for _ in range(2)]
    await world.pool.execute("update monitor set paused = true where id = $1", paused)
    await world.probed(shop, Outcome.UP)
    assert (await world.state(paused), await world.state(group)) == (None, "up")
    assert await world.pool.fetchval("select count(*) from group_wake") == 0


async def test_a_group_follows_its_members(world: World) -> None:
    shop = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    mail = await add_monitor(world.pool, world.workspace, name="Mail", failure_threshold=1)
    group = await world.monitor("group", {"members": [str(shop), str(mail)]})
    outer = await world.monitor("group", {"members": [str(group)]})
    await world.look()
    assert await world.state(group) == "pending"
    await world.probed(shop, Outcome.UP)
    await world.probed(mail, Outcome.UP)
    assert await world.state(group) == "up"
    await world.probed(mail, Outcome.DOWN)
    assert (await world.state(group), await world.state(outer)) == ("down", "down")
    message = await world.pool.fetchval(
        "select last_check->>'message' from monitor_state where monitor_id = $1", group
    )
    assert message == "1 of 2 are up, 2 are needed; down: Mail"
    await world.probed(mail, Outcome.UP)
    assert (await world.state(group), await world.state(outer)) == ("up", "up")


async def test_a_deleted_member_has_no_say(world: World) -> None:
    shop = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    mail = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    group = await world.monitor("group", {"members": [str(shop), str(mail)]})
    await world.probed(shop, Outcome.UP)
    await world.probed(mail, Outcome.DOWN)
    assert await world.state(group) == "down"
    await world.pool.execute("update monitor set deleted_at = now() where id = $1", mail)
    reference = MonitorRef(id=mail, name="Mail", kind="http", target="")
    event = Event.of(MonitorDeleted(monitor=reference), workspace=world.workspace, at_ms=1)
    await world.handlers.follow_monitor(Message("e", event.model_dump_json().encode()))
    await world.look()
    assert await world.state(group) == "up"


async def test_old_reports_and_bodies_are_let_go(world: World) -> None:
    job = await world.heartbeat()
    for number in range(120):
        await world.report(job, Report(now_ms() + number, Signal.LOG), b"x")
    await world.report(job, Report(1, Signal.LOG), b"old")
    await PassiveStore(world.pool).forget_reports(older_than_ms=2)  # type: ignore[arg-type]
    row = await world.pool.fetchrow("select count(*) as n, count(body) as bodies from report")
    assert row is not None
    assert (row["n"], row["bodies"]) == (120, 100)
