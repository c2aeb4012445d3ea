"""History in steps through the API: the same from sums as from the checks themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.gateway.acting import Api, World, a_monitor

from vedette.processor.partitions import CHECKS, make
from vedette.processor.rollup import GRACE, roll_up
from vedette.testing.waiting import eventually

KEPT = timedelta(days=100)


@pytest.fixture
async def monitor(api: Api, world: World) -> str:
    """A monitor of 40 days with a check each hour, each tenth a failure."""
    await make(world.pool, CHECKS, since=world.ago(days=41), until=world.now)
    id = str((await api.create("/monitors", a_monitor()))["id"])
    await world.born(id, world.ago(days=40))
    await world.standing(id, "up", world.ago(days=40))
    await world.spans(id, ("up", world.ago(days=40)), ("down", world.ago(days=10)),
                      ("up", world.ago(days=9)))  # fmt: skip
    await world.pool.execute(
        "insert into check_result (monitor_id, slot, region, outcome, revision, duration_ms)"
        " select $1, $2::timestamptz - n * interval '1 hour' - interval '1 second',"
        " case when n % 4 = 0 then 'east' else 'west' end,"
        " case when n % 10 = 0 then 'down' else 'up' end, 1, 10 + n % 7"
        " from generate_series(0, 40 * 24 - 1) n",
        UUID(id),
        world.now,
    )
    return id


async def rolled(world: World) -> None:
    """Let the processor have done its work, of which it does some seconds at a time."""
    over = (world.now - GRACE).replace(minute=0, second=0, microsecond=0)

    async def done() -> bool:
        await roll_up(world.pool, now=world.now, oldest=world.now - KEPT)
        rows = await world.pool.fetch("select grain, through from rollup_progress")
        through = {row["grain"]: row["through"] for row in rows}
        return through == {"hour": over, "day": over.replace(hour=0)}

    await eventually(done, within=100, what="all is rolled up")


async def read(api: Api, path: str) -> Any:
    answer = await api.get(path)
    assert answer.status == 200, answer.body
    return answer.body


async def test_sums_and_checks_tell_the_same(api: Api, world: World, monitor: str) -> None:
    ends = f"until={world.now.isoformat().replace('+00:00', 'Z')}"
    since = f"since={world.ago(days=30, hours=3).isoformat().replace('+00:00', 'Z')}"
    paths = [
        f"/monitors/{monitor}/uptime?{ends}",
        *(f"/monitors/{monitor}/history?{since}&{ends}&{more}"
          for more in ("step=day", "step=hour", "region=east", "region=nowhere")),
    ]  # fmt: skip
    before = [await read(api, path) for path in paths]
    await rolled(world)
    assert [await read(api, path) for path in paths] == before
    await world.pool.execute("delete from check_result where slot < $1", world.ago(days=5))
    # The hour in which the range begins is whole in steps, and cut off in windows.
    assert [await read(api, path) for path in paths[1:]] == before[1:]


async def test_each_step_has_its_counts_percentiles_and_uptime(
    api: Api, world: World, monitor: str
) -> None:
    await rolled(world)
    found = await read(api, f"/monitors/{monitor}/history?window=30d")
    assert found["step"] == "day"
    assert len(found["steps"]) == 31
    day = found["steps"][12]
    assert sum(day["checks"].values()) == 24
    assert 2 <= day["checks"]["down"] <= 3
    assert day["uptime"] == 1
    assert day["latency"]["p50_ms"] == pytest.approx(13, rel=0.1)
    assert day["latency"]["p99_ms"] == pytest.approx(16, rel=0.022)
    assert found["total"]["uptime"] == pytest.approx(29 / 30, abs=0.002)
    counts = [step["checks"]["up"] for step in found["steps"]]
    assert found["total"]["checks"]["up"] == sum(counts)
    assert min(step["uptime"] for step in found["steps"]) < 1


@pytest.mark.parametrize(
    ("query", "step", "steps"),
    [("", "hour", 25), ("window=7d", "hour", 169), ("window=90d", "day", 91),
     ("window=24h&step=day", "day", 2), ("window=90d&step=hour", "hour", 2161)],
)  # fmt: skip
async def test_steps_are_as_long_as_asked_or_as_fits(
    api: Api, monitor: str, query: str, step: str, steps: int
) -> None:
    found = await read(api, f"/monitors/{monitor}/history?{query}")
    assert found["step"] == step
    assert steps - 1 <= len(found["steps"]) <= steps
    nothing = {"average_ms": None, "p50_ms": None, "p95_ms": None, "p99_ms": None}
    silent = [one for one in found["steps"] if not any(one["checks"].values())]
    assert all(one["latency"] == nothing for one in silent)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("window=1y", "window"),
        ("window=7d&since=2026-01-01T00:00:00Z", "window"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("since=2999-01-01T00:00:00Z", "since"),
        ("since=2020-01-01T00:00:00Z&step=hour", "step"),
        ("step=minute", "step"),
    ],
)
async def test_what_can_not_be_told_is_refused(
    api: Api, monitor: str, query: str, field: str
) -> None:
    refused = await api.get(f"/monitors/{monitor}/history?{query}")
    assert (refused.status, refused.fields) == (400, [field])


async def test_windows_have_percentiles(api: Api, world: World, monitor: str) -> None:
    await rolled(world)
    windows = (await read(api, f"/monitors/{monitor}/uptime"))["windows"]
    assert windows["30d"]["p95_ms"] == pytest.approx(16, rel=0.022)
    assert windows["30d"]["average_ms"] == pytest.approx(13, rel=0.01)


async def test_others_see_nothing(api: Api, world: World, monitor: str) -> None:
    stranger = Api(api.client, await world.another_key())
    assert (await stranger.get(f"/monitors/{monitor}/history")).status == 404
