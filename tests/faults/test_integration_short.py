"""The fault suite in short: the most telling faults, fewer monitors, the same judge."""

from __future__ import annotations

import shutil

import pytest
from tests.faults.report import table
from tests.faults.run import Plan, Run
from tests.faults.truth import Pace
from tests.faults.world import SERVICES, running_world

PLAN = Plan(
    seed=4,
    monitors=40,
    seconds=50,
    interval_s=5,
    timeout_s=3,
    outages=Pace(well=(12_000, 16_000), broken=(34_000, 38_000)),
    faults=(
        "duplicates",
        "rabbitmq-killed",
        "postgres-killed",
        *(f"kill-{service}" for service in SERVICES),
        "freeze-scheduler",
        "rolling-restart",
    ),
    shuffled=False,
    quick=0.25,
    settle_s=120,
)


@pytest.mark.timeout(400)
async def test_nothing_is_lost_doubled_or_made_up_whatever_is_killed() -> None:
    async with running_world(own_network=False) as world:
        verdict = await Run(world, PLAN).verdict()
        assert verdict.holds, f"{table(verdict)}\nthe logs stay in {world.logs}"
    shutil.rmtree(world.directory)
    assert verdict.figures["outages reported"] >= verdict.figures["outages injected"] / 2
