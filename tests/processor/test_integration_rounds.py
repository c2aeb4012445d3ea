"""Rounds of several regions on a real database: one verdict each, whoever is silent or late."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest
from tests.processor.test_integration_record import World, a_result, world
from tests.world import add_monitor, events, now_ms

from vedette.bus.local import LocalBus
from vedette.core.instants import to_datetime
from vedette.core.outcome import Outcome, Reason
from vedette.processor.closing import Closing, close_rounds
from vedette.processor.domain import GRACE_MS, tally
from vedette.processor.hearing import SETTLE_S
from vedette.processor.store import Store
from vedette.store.pool import transaction

__all__ = ["world"]  # the fixture
S = 1000
UP, DOWN = Outcome.UP, Outcome.DOWN
REGIONS = ["fra", "nyc", "sgp"]


async def a_monitor(world: World, **fields: Any) -> UUID:
    """One that is down at the first failing round."""
    whole: dict[str, Any] = {"regions": REGIONS, "failure_threshold": 1, "timeout_s": 1, **fields}
    return await add_monitor(world.pool, world.workspace, **whole)


async def close(world: World, after_ms: int = 0) -> int:
    """Sweep, as if it were so much later."""
    return await close_rounds(world.pool, now_ms() + after_ms)


async def open_rounds(world: World) -> int:
    count: int = await world.pool.fetchval("select count(*) from open_round")
    return count


async def changes(world: World) -> list[dict[str, Any]]:
    return [e["data"] for e in await events(world.pool) if "state_changed" in e["type"]]


LONG = 1 * S + 2 * GRACE_MS


async def test_an_undecided_round_waits_for_its_time_and_is_closed_then(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, DOWN), region="nyc")
    assert await close(world) == 0
    assert await world.state(monitor) == "pending"
    assert await open_rounds(world) == 1
    assert await close(world, LONG) == 1
    assert await world.state(monitor) == "down"
    assert await open_rounds(world) == 0
    (change,) = await changes(world)
    assert [(vote["region"], vote.get("outcome")) for vote in change["cause"]["votes"]] == [
        ("fra", None),
        ("nyc", "down"),
        ("sgp", None),
    ]


async def test_one_of_two_that_voted_is_no_majority(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, DOWN), region="fra")
    await world.record(a_result(monitor, slot, UP), region="nyc")
    await close(world, LONG)
    assert await world.state(monitor) == "up"


async def test_a_decided_round_is_not_waited_for_any_more(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    for region in ("fra", "nyc"):
        await world.record(a_result(monitor, slot, UP), region=region)
    assert await open_rounds(world) == 0
    assert await world.state(monitor) == "up"


async def test_a_round_is_closed_even_if_its_monitor_has_one_region_by_then(world: World) -> None:
    monitor = await a_monitor(world)
    await world.record(a_result(monitor, now_ms(), DOWN), region="fra")
    await world.pool.execute(
        'update monitor set revision = 2, spec = spec || \'{"regions": ["fra"]}\' where id = $1',
        monitor,
    )
    assert await close(world, LONG) == 1
    assert await open_rounds(world) == 0
    assert await world.state(monitor) == "pending"


async def test_a_newer_verdict_ends_older_rounds(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, DOWN), region="fra")
    for region in ("fra", "nyc"):
        await world.record(a_result(monitor, slot + 1, UP), region=region)
    assert await open_rounds(world) == 0
    await close(world, LONG)
    assert await world.state(monitor) == "up"


async def test_a_late_vote_is_marked_and_flips_nothing(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    for region in ("fra", "nyc"):
        await world.record(a_result(monitor, slot, DOWN), region=region)
    before = len(await events(world.pool))
    await world.record(a_result(monitor, slot, UP, duration_ms=900.5), region="sgp")
    assert await world.state(monitor) == "down"
    assert len(await events(world.pool)) == before
    rows = await world.pool.fetch("select region, late from check_result order by region")
    assert [tuple(row) for row in rows] == [("fra", None), ("nyc", None), ("sgp", True)]
    for table in ("span where state = 'down'", "monitor_state"):
        cause = await world.pool.fetchval(f"select cause from {table}")
        assert [(v["region"], v["outcome"], v["late"]) for v in cause["votes"]] == [
            ("fra", "down", False),
            ("nyc", "down", False),
            ("sgp", "up", True),
        ]
        assert cause["votes"][2]["duration_ms"] == 900.5


async def test_a_vote_so_late_that_its_outage_is_over_is_still_added_to_it(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    for number, outcome in enumerate((DOWN, UP)):
        for region in ("fra", "nyc"):
            await world.record(a_result(monitor, slot + number, outcome), region=region)
    await world.record(a_result(monitor, slot, DOWN), region="sgp")
    assert await world.state(monitor) == "up"
    rows = await world.pool.fetch("select state, cause from span where cause is not null")
    late = {row["state"]: [vote["late"] for vote in row["cause"]["votes"]] for row in rows}
    assert late == {"down": [False, False, True], "up": [False, False, False]}


async def test_a_vote_that_comes_after_the_close_flips_nothing(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, UP), region="fra")
    await close(world, LONG)
    for region in ("nyc", "sgp"):
        await world.record(a_result(monitor, slot, DOWN), region=region)
    assert await world.state(monitor) == "up"
    assert await world.pool.fetchval("select count(*) from check_result where late") == 2
    assert await open_rounds(world) == 0


async def test_processors_that_close_side_by_side_judge_each_round_once(world: World) -> None:
    monitors = [await a_monitor(world) for _ in range(40)]
    slot = now_ms()
    for number in range(3):
        results = [a_result(monitor, slot + number, DOWN) for monitor in monitors]
        await world.record(*results, region=REGIONS[number])
    assert await open_rounds(world) == 120
    later = slot + LONG

    async def sweep() -> None:
        for _ in range(4):
            await close_rounds(world.pool, later)

    async def votes_come() -> None:
        await world.record(*[a_result(m, slot, DOWN) for m in monitors], region="sgp")

    await asyncio.gather(sweep(), sweep(), votes_come(), sweep())
    await close_rounds(world.pool, later)
    assert await open_rounds(world) == 0
    found = await changes(world)
    assert sorted(change["monitor"]["id"] for change in found) == sorted(map(str, monitors))
    assert {change["state"] for change in found} == {"down"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_the_order_of_arrival_changes_no_verdict(
    world: World, order: tuple[int, ...]
) -> None:
    outcomes = [DOWN, Outcome.INTERNAL_ERROR, UP]
    monitor, slot = await a_monitor(world), now_ms()
    for place in order * 2:
        await world.record(a_result(monitor, slot, outcomes[place]), region=REGIONS[place])
    await close(world, LONG)
    assert [change["state"] for change in await changes(world)] == ["up"]


@pytest.mark.parametrize("seed", range(3))
async def test_in_any_order_from_anybody_each_round_comes_to_the_same(
    world: World, seed: int
) -> None:
    chance, slot = random.Random(seed), now_ms()
    kinds = [UP, DOWN, DOWN, Outcome.DEGRADED, Outcome.INTERNAL_ERROR, None]
    said = {
        await a_monitor(world): {region: chance.choice(kinds) for region in REGIONS}
        for _ in range(15)  # so few that no region is called broken for what it says
    }
    async with transaction(world.pool) as db:
        await Store(db).begin(list(said))  # as when they are announced

    async def deliver(region: str, turn: random.Random) -> None:
        checks = [
            a_result(monitor, slot, outcome)
            for monitor, votes in said.items()
            if (outcome := votes[region]) is not None
        ]
        for _ in range(12):
            await world.record(*turn.sample(checks, len(checks) // 2), region=region)
        await world.record(*checks, region=region)

    await asyncio.gather(*(deliver(r, random.Random(chance.random())) for r in REGIONS * 2))
    await asyncio.gather(*(close(world, LONG) for _ in range(2)))
    await close(world, LONG)
    assert await open_rounds(world) == 0
    found = await changes(world)
    assert len(found) == len({change["monitor"]["id"] for change in found})
    for monitor, votes in said.items():
        ended = {region: outcome for region, outcome in votes.items() if outcome is not None}
        expected = tally(ended, REGIONS, closed=True)
        assert await world.state(monitor) == (expected.value if expected else "pending")


async def test_a_round_without_votes_asks_for_a_missed_confirmation_again(world: World) -> None:
    monitor = await a_monitor(world, failure_threshold=2)
    slot = now_ms()
    for region in ("fra", "nyc"):
        await world.record(a_result(monitor, slot, DOWN), region=region)
    recheck = await world.pool.fetchval("select recheck from monitor_state")
    first = int(recheck.timestamp() * 1000 + 0.5)
    await world.record(a_result(monitor, first, Outcome.MISSED), region="fra")
    assert await world.pool.fetchval("select recheck from monitor_state") == recheck
    await close_rounds(world.pool, first + LONG)
    assert await world.pool.fetchval("select recheck from monitor_state") > recheck
    assert await open_rounds(world) == 0


async def test_votes_of_an_older_definition_or_of_a_region_that_left_do_not_count(
    world: World,
) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, DOWN), region="fra")
    await world.record(a_result(monitor, slot + 1, DOWN), region="old")
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, slot, UP, revision=2), region="nyc")
    await close(world, LONG)
    assert await world.state(monitor) == "up"


async def test_a_confirmation_that_an_older_definition_asked_for_is_not_asked_for_again(
    world: World,
) -> None:
    monitor, slot = await a_monitor(world, failure_threshold=2), now_ms()
    for region in ("fra", "nyc"):
        await world.record(a_result(monitor, slot, DOWN), region=region)
    recheck = await world.pool.fetchval("select recheck from monitor_state")
    first = int(recheck.timestamp() * 1000 + 0.5)
    await world.record(a_result(monitor, first, Outcome.MISSED), region="fra")
    await world.pool.execute("update monitor set revision = 2")
    await close_rounds(world.pool, first + LONG)
    assert await world.pool.fetchval("select recheck from monitor_state") is None
    assert await open_rounds(world) == 0


async def test_a_late_vote_is_added_to_the_outage_of_the_definition_it_is_of(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    for region in ("fra", "nyc"):
        await world.record(a_result(monitor, slot, DOWN), region=region)
    await world.pool.execute("update monitor set revision = 2")
    await world.record(a_result(monitor, slot, UP), region="sgp")
    assert await world.state(monitor) == "down"
    cause = await world.pool.fetchval("select cause from monitor_state")
    assert [(vote["outcome"], vote["late"]) for vote in cause["votes"]] == [
        ("down", False), ("down", False), ("up", True)
    ]  # fmt: skip


async def test_unhealthy_regions_have_no_say_at_the_close(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, DOWN), region="fra")
    await world.record(a_result(monitor, slot, UP), region="nyc")
    assert await close_rounds(world.pool, slot + LONG, unhealthy={"nyc"}) == 1
    assert await world.state(monitor) == "down"


async def test_the_list_shows_what_each_region_said_last(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    for region, outcome in zip(REGIONS, (DOWN, UP, UP), strict=True):
        await world.record(a_result(monitor, slot, outcome), region=region)
    last = await world.pool.fetchval("select last_check from monitor_state")
    assert [(vote["region"], vote["outcome"]) for vote in last["votes"]] == [
        ("fra", "down"),
        ("nyc", "up"),
        ("sgp", "up"),
    ]


async def test_a_monitor_with_one_region_takes_no_query_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unexpected(*_: object) -> None:
        raise AssertionError("a query")

    for name in ("keep_open", "end", "mark_late", "annotate"):
        monkeypatch.setattr(f"vedette.processor.roundstore.{name}", unexpected)
    monitor, slot = await add_monitor(world.pool, world.workspace, failure_threshold=1), now_ms()
    for number, outcome in enumerate((UP, DOWN, Outcome.MISSED, UP)):
        await world.record(a_result(monitor, slot + number, outcome, reason=Reason.STATUS))
    assert await world.state(monitor) == "up"


async def test_rounds_of_deleted_monitors_are_forgotten(world: World) -> None:
    monitor, slot = await a_monitor(world), now_ms()
    await world.record(a_result(monitor, slot, DOWN), region="fra")
    await world.pool.execute("update monitor set deleted_at = now()")
    assert await close(world, LONG) == 0


class Broker(LocalBus):
    """A bus that can be away, and have messages waiting."""

    well, waiting = True, 0

    def healthy(self) -> bool:
        return self.well

    async def depth(self, queue: object) -> int:
        return self.waiting


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the sweep."""
    clock = [1000.0]
    monkeypatch.setattr("vedette.processor.closing._clock_s", lambda: clock[0])
    return clock


async def test_nothing_is_closed_while_votes_may_wait_in_the_queue(
    world: World, clock: list[float]
) -> None:
    monitor, slot, bus = await a_monitor(world), now_ms() - 60 * S, Broker()
    await world.record(a_result(monitor, slot, DOWN), region="fra")
    await world.pool.execute("update open_round set closes_at = $1", to_datetime(slot))
    sweeper = Closing(world.pool, bus)

    async def pass_time(seconds: float) -> None:
        for _ in range(int(seconds)):
            clock[0] += 1
            await sweeper.sweep()

    bus.waiting = 5
    await pass_time(SETTLE_S + 5)
    assert await open_rounds(world) == 1, "it has not read all that waited"
    bus.waiting, bus.well = 0, False
    await pass_time(SETTLE_S + 5)
    assert await open_rounds(world) == 1, "the broker is away"
    bus.well = True
    await pass_time(SETTLE_S - 1)
    assert await open_rounds(world) == 1, "probers may not have handed in all that they kept"
    clock[0] += 60
    await sweeper.sweep()
    assert await open_rounds(world) == 1, "it was frozen, and begins again"
    await pass_time(SETTLE_S + 1)
    assert await open_rounds(world) == 0
    assert await world.state(monitor) == "down"
