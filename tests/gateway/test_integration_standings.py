"""What is shown of all monitors together is what each of them shows by itself."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.gateway.acting import Api, World, a_monitor

from vedette.core.state import State
from vedette.gateway.domain.overview import Standing, Watched, truthful, worst_first
from vedette.gateway.standings import read_page, read_standings
from vedette.gateway.store import monitors

JUDGED = (State.UP, State.DEGRADED, State.DOWN)
MANY = 330


def an_age(random: Random, *, around_s: float) -> timedelta:
    """Any, often about as long as something lasts."""
    return timedelta(seconds=random.choice([1, around_s * random.random() * 2, 400_000]))


async def add(world: World, random: Random, number: int) -> None:
    """A monitor in any state, as the services would have left it."""
    id, interval_s, timeout_s = uuid4(), random.choice([5, 60, 86_400]), random.choice([0.5, 10])
    passive = random.random() < 0.2
    spec: dict[str, Any] = {"kind": "http", "name": f"{random.choice('Shop')} {number}", "tags": []}
    if not passive:
        spec |= {"interval_s": interval_s, "timeout_s": timeout_s}
    await world.pool.execute(
        "insert into monitor (id, workspace_id, shard, spec, target, paused, passive, created_at,"
        " deleted_at) values ($1, $2, 0, $3, 'x', $4, $5, $6, $7)",
        id,
        world.workspace,
        spec,
        random.random() < 0.3,
        passive,
        world.now - an_age(random, around_s=3 * interval_s),
        world.now if random.random() < 0.1 else None,
    )
    if passive:
        await world.pool.execute(
            "insert into passive_monitor (monitor_id, wake_at) values ($1, $2)",
            id,
            random.choice([None, world.now - an_age(random, around_s=60), world.now]),
        )
    if random.random() < 0.8:
        patience = timedelta(seconds=3 * interval_s + timeout_s)
        await add_state(world, random, id, None if passive else patience)


async def add_state(world: World, random: Random, id: UUID, patience: timedelta | None) -> None:
    """How it stands; the processor looks after it as soon as its sight might be lost."""
    state = random.choice([State.UP] * 5 + [*State])
    around_s = 60 if patience is None else patience.total_seconds()
    voted_at = world.now - an_age(random, around_s=around_s)
    look_at: datetime | str = "infinity"
    if patience is not None:
        look_at = random.choice([voted_at + patience, voted_at])
    await world.pool.execute(
        "insert into monitor_state (monitor_id, workspace_id, state, since, sequence, last_vote,"
        " look_at) values ($1, $2, $3, $4, 1, $5, $6::text::timestamptz)",
        id,
        world.workspace,
        state,
        world.now - an_age(random, around_s=around_s),
        voted_at if state in JUDGED else None,
        str(look_at),
    )


async def each(world: World) -> list[Watched]:
    """All of them, read one by one."""
    rows = await world.pool.fetch(monitors.SELECT, world.workspace)
    return worst_first(
        Watched(
            row["id"],
            row["spec"]["name"],
            truthful(Standing(State(row["state"]), row["since"]), monitors.sight(row), world.now),
        )
        for row in rows
    )


@pytest.mark.parametrize("seed", range(3))
async def test_together_they_stand_as_each_does(world: World, seed: int) -> None:
    random = Random(seed)
    for number in range(MANY):
        await add(world, random, number)
    alone = await each(world)
    async with world.pool.acquire() as db:
        standings = await read_standings(db, world.workspace, world.now)
        pages = [
            await read_page(db, world.workspace, standings, number, world.now)
            for number in range(1, standings.pages + 1)
        ]
    assert +standings.counts == Counter(one.standing.state for one in alone)
    assert [len(page) for page in pages[:-1]] == [100] * (len(pages) - 1)
    assert [one for page in pages for one, _ in page] == alone


async def test_maintenance_that_is_over_for_good_is_not_read(api: Api, world: World) -> None:
    await api.create("/monitors", a_monitor())
    begin, end = world.ago(hours=2).isoformat(), world.ago(hours=1).isoformat()
    past = {"name": "Past", "kind": "once", "everything": True, "starts_at": begin, "ends_at": end}
    await api.create("/maintenance", past)
    assert (await api.get("/summary")).body["in_maintenance"] == 0
    # As the incidents service leaves it; that it would go on tells who still reads it.
    await world.pool.execute(
        "update maintenance set next_turn_at = null,"
        " spec = spec || jsonb_build_object('ends_at', $1::text)",
        world.ago(hours=-1).isoformat(),
    )
    assert (await api.get("/summary")).body["in_maintenance"] == 0
    await world.pool.execute("update maintenance set next_turn_at = '-infinity'")
    assert (await api.get("/summary")).body["in_maintenance"] == 1
