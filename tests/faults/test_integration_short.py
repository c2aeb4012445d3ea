"""The fault suite in short: the most telling faults, fewer monitors, the same judge."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from tests.faults.embedded import running_embedded
from tests.faults.embedded_faults import EMBEDDED_FAULTS
from tests.faults.faults import FAULTS
from tests.faults.report import table
from tests.faults.run import P, Plan, Run
from tests.faults.setting import Fault
from tests.faults.truth import Pace
from tests.faults.world import SERVICES, running_world

APART = (
    "duplicates",
    "rabbitmq-killed",
    "postgres-killed",
    *(f"kill-{service}" for service in SERVICES),
    "freeze-scheduler",
    "rolling-restart",
)
EMBEDDED = ("webhook-500", "kill-prober", "postgres-killed", "freeze-prober", "kill-up")


@pytest.mark.timeout(400)
async def test_nothing_is_lost_doubled_or_made_up_whatever_is_killed() -> None:
    await held(running_world(own_network=False), [FAULTS[name] for name in APART])


@pytest.mark.timeout(400)
async def test_nor_is_it_when_all_is_one_process_and_its_probers() -> None:
    await held(running_embedded(2), [EMBEDDED_FAULTS[name] for name in EMBEDDED])


async def held(place: AbstractAsyncContextManager[P], faults: Sequence[Fault[P]]) -> None:
    """A run in which everything that must be zero is."""
    plan = Plan(
        seed=4,
        monitors=40,
        seconds=50,
        interval_s=5,
        timeout_s=3,
        outages=Pace(well=(12_000, 16_000), broken=(34_000, 38_000)),
        faults=faults,
        shuffled=False,
        quick=0.25,
        settle_s=120,
    )
    async with place as world:
        verdict = await Run(world, plan).verdict()
        assert verdict.holds, f"{table(verdict)}\nthe logs stay in {world.logs}"
    shutil.rmtree(world.directory)
    assert verdict.figures["outages reported"] >= verdict.figures["outages injected"] / 2
