"""Results come in; checks, states, spans and events come of them, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from tests.world import add_monitor, add_workspace, events, now_ms

from vedette.bus.api import Message
from vedette.core.events import Event, MonitorCreated, MonitorRef
from vedette.core.instants import to_datetime, to_ms
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Evidence, Result, ResultBatch
from vedette.processor.handlers import Handlers
from vedette.processor.settings import ProcessorSettings
from vedette.processor.store import Store
from vedette.processor.upkeep import keep_up
from vedette.store.pool import Pool, open_pool, transaction
from vedette.testing.waiting import eventually

S = 1000


@dataclass
class World:
    """A processor on a database of its own."""

    pool: Pool
    handlers: Handlers
    workspace: UUID

    async def record(self, *results: Result, region: str = "default") -> None:
        batch = ResultBatch(region=region, prober="test", results=list(results))
        await self.handlers.record(Message("results", batch.model_dump_json().encode()))

    async def announce(self, monitor: UUID) -> None:
        """That a monitor was made or changed."""
        ref = MonitorRef(id=monitor, name="Shop", kind="http", target="GET http://127.0.0.1:1/")
        event = Event.of(MonitorCreated(monitor=ref), workspace=self.workspace, at_ms=now_ms())
        message = Message("monitor.created", event.model_dump_json().encode())
        await self.handlers.follow_monitor(message)

    async def state(self, monitor: UUID) -> str:
        state: str = await self.pool.fetchval(
            "select state from monitor_state where monitor_id = $1", monitor
        )
        return state

    async def spans(self, monitor: UUID) -> list[tuple[str, bool]]:
        rows = await self.pool.fetch(
            "select state, ended_at is null as open from span where monitor_id = $1"
            " order by sequence",
            monitor,
        )
        return [(row["state"], row["open"]) for row in rows]

    async def types(self) -> list[str]:
        return [event["type"].split(".", 1)[1] for event in await events(self.pool)]


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=8, application="test") as pool:
        await keep_up(pool, ProcessorSettings(), now=datetime.now(UTC))
        yield World(pool, Handlers(pool), await add_workspace(pool))


def a_result(monitor: UUID, slot: int, outcome: Outcome = Outcome.UP, **fields: object) -> Result:
    reason = {Outcome.DOWN: Reason.STATUS, Outcome.MISSED: Reason.MISSED}.get(outcome)
    values = {"monitor_id": monitor, "revision": 1, "slot": slot, "outcome": outcome,
              "reason": reason, "started_at": slot, "duration_ms": 1.5,
              "phases": {"connect": 0.5}, "facts": {"status": 200}}  # fmt: skip
    return Result.model_validate(values | fields)


async def test_a_result_is_stored_judged_and_told(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.record(a_result(monitor, now))
    row = await world.pool.fetchrow("select * from check_result")
    assert row is not None
    assert (row["monitor_id"], row["slot"], row["outcome"]) == (monitor, to_datetime(now), "up")
    assert row["detail"] == {"phases": {"connect": 0.5}, "facts": {"status": 200}}
    assert await world.state(monitor) == "up"
    assert await world.spans(monitor) == [("pending", False), ("up", True)]
    (event,) = await events(world.pool)
    assert event["data"]["state"] == "up"
    assert (event["data"]["previous"], event["data"]["sequence"]) == ("pending", 2)


async def test_the_way_of_a_check_is_kept_if_it_did_not_end_well(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    hops = [{"url": "http://a.example/", "status": 302, "phases": {"connect": 0.5}}]
    await world.record(a_result(monitor, now, hops=hops))
    await world.record(a_result(monitor, now + 1, Outcome.DOWN, hops=hops))
    rows = await world.pool.fetch("select detail from check_result order by slot")
    assert [row["detail"].get("hops") for row in rows] == [None, hops]


async def test_the_same_result_again_changes_nothing(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, failure_threshold=2), now_ms()
    for _ in range(3):
        await world.record(a_result(monitor, now, Outcome.DOWN))
    assert await world.pool.fetchval("select count(*) from check_result") == 1
    assert await world.state(monitor) == "pending"
    assert await world.types() == ["monitor.suspect.v1"]


async def test_two_failing_rounds_make_it_down_since_the_first(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.record(*[a_result(monitor, now + n, Outcome.DOWN) for n in (1, 2)])
    row = await world.pool.fetchrow("select * from span where state = 'down'")
    assert row is not None
    assert row["started_at"] == to_datetime(now + 1)
    assert row["cause"]["reason"] == "status"
    assert await world.types() == ["monitor.suspect.v1", "monitor.state_changed.v1"]


async def test_processors_side_by_side_count_each_change_once(world: World) -> None:
    monitors = [await add_monitor(world.pool, world.workspace) for _ in range(30)]
    now = now_ms()

    async def one(number: int) -> None:
        outcome = Outcome.DOWN if number % 4 in {1, 2} else Outcome.UP
        results = [a_result(monitor, now + number, outcome) for monitor in monitors]
        await world.record(*(results if number % 2 else reversed(results)))

    await asyncio.gather(*(one(number) for number in range(24)), *(one(n) for n in range(24)))
    assert await world.pool.fetchval("select count(*) from check_result") == 24 * 30
    for monitor in monitors:
        sequences = [
            event["data"]["sequence"]
            for event in await events(world.pool)
            if event["type"].startswith("vedette.monitor.state_changed")
            and event["data"]["monitor"]["id"] == str(monitor)
        ]
        assert sequences == list(range(2, len(sequences) + 2))
        spans = await world.spans(monitor)
        assert len(spans) == len(sequences) + 1
        assert [is_open for _, is_open in spans] == [False] * (len(spans) - 1) + [True]


async def test_regions_decide_by_majority_and_a_late_vote_annotates(world: World) -> None:
    regions = ["eu", "us", "asia"]
    monitor = await add_monitor(world.pool, world.workspace, regions=regions, failure_threshold=1)
    now = now_ms()
    await world.record(a_result(monitor, now, Outcome.DOWN), region="eu")
    assert await world.state(monitor) == "pending"
    await world.record(a_result(monitor, now, Outcome.UP), region="us")
    assert await world.state(monitor) == "pending"
    await world.record(a_result(monitor, now, Outcome.DOWN), region="asia")
    assert await world.state(monitor) == "down"
    assert await world.pool.fetchval("select count(*) from check_result") == 3


async def test_a_check_of_an_older_definition_is_kept_and_not_judged(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, failure_threshold=1), now_ms()
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, now, Outcome.DOWN))
    assert await world.pool.fetchval("select count(*) from check_result") == 1
    assert await world.state(monitor) == "pending"


async def test_two_definitions_confirm_no_outage_together(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.record(a_result(monitor, now))
    await world.record(a_result(monitor, now + 1, Outcome.DOWN))
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, now + 2, Outcome.DOWN, revision=2))
    assert await world.state(monitor) == "up"
    await world.record(a_result(monitor, now + 3, Outcome.DOWN, revision=2))
    assert await world.spans(monitor) == [("pending", False), ("up", False), ("down", True)]
    since = await world.pool.fetchval("select since from monitor_state")
    assert since == to_datetime(now + 2)


async def test_an_edit_ends_a_suspicion_as_soon_as_it_is_told(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.record(a_result(monitor, now, Outcome.DOWN))
    await world.announce(monitor)
    suspicion = "select failures, recheck is not null as asked from monitor_state"
    assert tuple(await world.pool.fetchrow(suspicion) or ()) == (1, True)
    await world.pool.execute("update monitor set revision = 2")
    await world.announce(monitor)
    assert tuple(await world.pool.fetchrow(suspicion) or ()) == (0, False)


async def test_late_checks_of_an_older_definition_are_marked_and_not_shown(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, now, revision=2))
    await world.record(*[a_result(monitor, now - n, Outcome.DOWN) for n in (1, 2)])
    await world.record(a_result(monitor, now + 1, Outcome.DOWN))
    assert await world.state(monitor) == "up"
    row = await world.pool.fetchrow("select failures, last_check from monitor_state")
    assert row is not None
    assert (row["failures"], row["last_check"]["outcome"]) == (0, "up")
    rows = await world.pool.fetch("select late from check_result order by slot")
    assert [row["late"] for row in rows] == [True, True, None, None]


async def test_who_reads_an_edited_monitor_late_takes_it_back_to_no_older_one(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, now, Outcome.DOWN, revision=2))
    await world.pool.execute("update monitor set revision = 1")  # as its snapshot still has it
    await world.record(a_result(monitor, now + 1, Outcome.DOWN))
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, now + 2, Outcome.DOWN, revision=2))
    assert await world.state(monitor) == "down"
    since = await world.pool.fetchval("select since from monitor_state")
    assert since == to_datetime(now)


async def test_faults_of_ours_and_missed_checks_move_nothing(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, failure_threshold=1), now_ms()
    await world.record(a_result(monitor, now))
    await world.record(
        a_result(monitor, now + 1, Outcome.INTERNAL_ERROR, reason=Reason.INTERNAL_ERROR),
        a_result(monitor, now + 2, Outcome.MISSED),
    )
    assert await world.state(monitor) == "up"


async def test_jobs_nobody_ran_become_missed_checks(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    job = {"monitor_id": str(monitor), "slot": now, "run_by": now + 1,
           "definition": {"kind": "http", "target": {}, "timeout_s": 1}}  # fmt: skip
    one_off = {**job, "monitor_id": str(uuid4()), "revision": 0}
    body = orjson.dumps({"region": "default", "jobs": [{**job, "revision": 1}, one_off]})
    await world.handlers.record_missed(Message("expired", body))
    rows = await world.pool.fetch("select monitor_id, outcome, reason from check_result")
    assert [tuple(row) for row in rows] == [(monitor, "missed", "missed")]


async def test_a_reason_that_only_a_newer_prober_knows_costs_its_batch_nothing(
    world: World,
) -> None:
    newer, other = [
        await add_monitor(world.pool, world.workspace, failure_threshold=1) for _ in range(2)
    ]
    results = [a_result(newer, now_ms(), Outcome.DOWN, message="the moon is full"),
               a_result(other, now_ms(), Outcome.DOWN)]  # fmt: skip
    batch = ResultBatch(region="default", prober="test", results=results).model_dump(mode="json")
    batch["results"][0]["reason"] = "from the future"
    await world.handlers.record(Message("results", orjson.dumps(batch)))
    assert [await world.state(monitor) for monitor in (newer, other)] == ["down", "down"]
    row = await world.pool.fetchrow(
        "select reason, message from check_result where monitor_id = $1", newer
    )
    assert tuple(row or ()) == (None, "the moon is full")


async def test_evidence_is_kept_apart(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    evidence = Evidence(headers={"server": "x"}, body="broken")
    await world.record(a_result(monitor, now, Outcome.DOWN, evidence=evidence.model_dump()))
    kept = await world.pool.fetchval("select evidence from check_evidence")
    assert kept == {"headers": {"server": "x"}, "body": "broken", "truncated": False}


async def test_what_a_target_says_in_zero_bytes_is_stored(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    said = {"headers": {"server": "a\0b"}, "body": "\0c"}
    fields = {"message": "it said \0", "facts": {"label_version": "d\0", "size": 1}}
    await world.record(a_result(monitor, now, Outcome.DOWN, evidence=said, **fields))
    row = await world.pool.fetchrow("select message, detail from check_result")
    assert row is not None
    assert row["message"] == "it said \ufffd"
    assert row["detail"]["facts"] == {"label_version": "d\ufffd", "size": 1}
    kept = await world.pool.fetchval("select evidence from check_evidence")
    assert (kept["headers"], kept["body"]) == ({"server": "a\ufffdb"}, "\ufffdc")


async def test_what_nobody_saw_for_long_becomes_unknown(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, interval_s=5, timeout_s=1)
    await world.record(a_result(monitor, now_ms() - 17 * S))
    await world.handlers.sweep()
    assert await world.state(monitor) == "unknown"
    assert (await world.spans(monitor))[-1] == ("unknown", True)
    await world.handlers.sweep()
    assert len(await world.spans(monitor)) == 3
    await world.record(a_result(monitor, now_ms()))
    assert await world.state(monitor) == "up"


async def test_what_was_seen_lately_is_left_alone(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, interval_s=5, timeout_s=1)
    await world.record(a_result(monitor, now_ms() - 14 * S))
    await world.handlers.sweep()
    assert await world.state(monitor) == "up"


async def test_what_is_seen_is_looked_at_again_only_when_its_last_vote_is_too_old(
    world: World,
) -> None:
    monitor = await add_monitor(world.pool, world.workspace, interval_s=5, timeout_s=1)
    slot = now_ms() - 14 * S
    await world.record(a_result(monitor, slot))
    await world.handlers.sweep()
    again = await world.pool.fetchval("select look_at from monitor_state")
    assert again == to_datetime(slot + 16 * S + 1)
    await world.record(a_result(monitor, slot + 5 * S))
    assert again == await world.pool.fetchval("select look_at from monitor_state")


async def test_a_deleted_monitor_is_looked_at_no_more(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, interval_s=5, timeout_s=1)
    await world.record(a_result(monitor, now_ms() - 17 * S))
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.handlers.sweep()
    assert await world.state(monitor) == "up"
    assert await world.pool.fetchval("select look_at = 'infinity' from monitor_state")


async def test_a_monitor_that_is_to_be_seen_more_often_is_looked_at_soon(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, interval_s=3600)
    await world.record(a_result(monitor, now_ms() - 100 * S))
    await world.handlers.sweep()
    await world.pool.execute("update monitor set spec = spec || '{\"interval_s\": 5}'")
    await world.handlers.sweep()
    assert await world.state(monitor) == "up"
    await world.announce(monitor)
    await world.handlers.sweep()
    assert await world.state(monitor) == "unknown"


async def pause(world: World, *, paused: bool) -> int:
    """As the gateway writes it, the event of which is yet to come; says since when it holds."""
    await world.pool.execute(
        "update monitor set paused = $1, active_since = case when $1 then active_since"
        " else date_trunc('milliseconds', now()) end",
        paused,
    )
    return to_ms(await world.pool.fetchval("select active_since from monitor"))


@pytest.mark.parametrize("told", [False, True])
async def test_the_first_check_after_a_pause_counts(world: World, told: bool) -> None:
    monitor = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    await world.record(a_result(monitor, now_ms(), Outcome.UP))
    await pause(world, paused=True)
    await world.announce(monitor)
    resumed = await pause(world, paused=False)
    if told:
        await world.announce(monitor)
    await world.record(a_result(monitor, resumed - 1, Outcome.UP))
    assert await world.state(monitor) == "pending", "a check of before says nothing"
    await world.record(a_result(monitor, resumed, Outcome.DOWN))
    assert await world.state(monitor) == "down"


async def test_what_is_paused_goes_down_by_no_check_that_is_faster_than_its_pause(
    world: World,
) -> None:
    monitor = await add_monitor(world.pool, world.workspace, failure_threshold=1)
    await world.record(a_result(monitor, now_ms(), Outcome.UP))
    await pause(world, paused=True)
    await world.record(a_result(monitor, now_ms() + 1, Outcome.DOWN))
    assert await world.state(monitor) == "paused"


async def test_a_monitor_is_pending_as_soon_as_it_is_announced_and_pauses(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace)
    await world.announce(monitor)
    assert await world.spans(monitor) == [("pending", True)]
    for paused, state in ((True, "paused"), (True, "paused"), (False, "pending")):
        await world.pool.execute("update monitor set paused = $1", paused)
        await world.announce(monitor)
        assert await world.state(monitor) == state
    assert [state for state, _ in await world.spans(monitor)] == ["pending", "paused", "pending"]


async def test_monitors_that_are_announced_together_share_a_transaction(world: World) -> None:
    monitors = [await add_monitor(world.pool, world.workspace) for _ in range(30)]
    await asyncio.gather(*(world.announce(monitor) for monitor in monitors))
    assert [await world.state(monitor) for monitor in monitors] == ["pending"] * 30
    transactions = await world.pool.fetchval("select count(distinct xmin::text) from monitor_state")
    assert transactions == 1


async def test_first_results_wait_for_a_state_under_way_with_no_other_one_locked(
    world: World,
) -> None:
    known, new = [await add_monitor(world.pool, world.workspace) for _ in range(2)]
    await world.announce(known)
    async with transaction(world.pool) as db:
        await Store(db).begin([new])
        recording = asyncio.create_task(
            world.record(a_result(known, now_ms()), a_result(new, now_ms()))
        )

        async def waits() -> bool:
            return await world.pool.fetchval("select true from pg_locks where not granted") or False

        await eventually(waits, within=20, what="the results wait")
        await Store(db).lock([known, new])  # else each would wait for the other now
    await recording
    assert [await world.state(monitor) for monitor in (known, new)] == ["up", "up"]


async def test_several_changes_of_one_transaction_are_spans_in_order(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, failure_threshold=1), now_ms()
    outcomes = (Outcome.UP, Outcome.DOWN, Outcome.UP)
    await world.record(*[a_result(monitor, now + n, each) for n, each in enumerate(outcomes)])
    spans = await world.pool.fetch(
        "select state, started_at, ended_at from span where monitor_id = $1 order by sequence",
        monitor,
    )
    assert [span["state"] for span in spans] == ["pending", "up", "down", "up"]
    assert [span["ended_at"] for span in spans] == [
        *(to_datetime(now + n) for n in range(3)),
        None,
    ]


async def test_results_of_a_deleted_monitor_disturb_nobody(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace), now_ms()
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.record(a_result(monitor, now))
    assert await events(world.pool) == []


async def test_partitions_are_made_ahead_and_dropped_by_retention(world: World) -> None:
    async def days() -> Sequence[str]:
        rows = await world.pool.fetch(
            "select relname from pg_class where relname ~ '^check_result_[0-9]+$' order by 1"
        )
        return [row["relname"][-8:] for row in rows]

    now = datetime.now(UTC)
    assert len(await days()) == 9
    settings = ProcessorSettings(retention_days=2)
    for later in (2, 4):
        await keep_up(world.pool, settings, now=now + timedelta(days=later))
    left = await days()
    assert left[0] == f"{now + timedelta(days=2):%Y%m%d}"
    assert left[-1] == f"{now + timedelta(days=11):%Y%m%d}"
    await asyncio.gather(
        *(keep_up(world.pool, settings, now=now + timedelta(days=5)) for _ in range(4))
    )
