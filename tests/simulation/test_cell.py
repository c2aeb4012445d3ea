"""The simulation loses and doubles no slot, whatever happens to a region."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bench.simulation.cell import Layout, Run, Scenario, simulate
from tests.bench.simulation.costs import known, updated
from tests.bench.simulation.plan import CELL, plan
from tests.bench.simulation.station import Outage
from tests.bench.simulation.walls import walls

COSTS = known()
SMALL = Layout(
    monitors=9_000,
    interval_s=60,
    regions=3,
    schedulers=2,
    probers=2,
    processors=2,
    postgres_cores=2,
)
LOSS = Scenario(600, Outage(120, 420))


def run(layout: Layout = SMALL, scenario: Scenario = LOSS, seed: int = 1, **costs: float) -> Run:
    return simulate(layout, replace(COSTS, **costs), scenario, seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_slot_is_seen_or_missed_and_judged_once(seed: int) -> None:
    found = run(seed=seed)
    assert found.scheduled == SMALL.monitors * 600 // SMALL.interval_s
    assert found.seen + found.missed == found.scheduled
    assert found.verdict.count == found.scheduled
    assert found.lateness.count == pytest.approx(found.seen)


def test_usually_nothing_is_missed_and_nothing_late() -> None:
    found = run(scenario=Scenario(600))
    assert found.missed == 0
    assert found.lateness.share(0.99) < 0.1


def test_a_lost_region_misses_its_slots_but_those_of_the_last_minute() -> None:
    found = run()
    of_region = SMALL.monitors / SMALL.regions * 300 / SMALL.interval_s
    assert found.missed == pytest.approx(of_region * (300 - COSTS.run_by_s) / 300, rel=0.02)
    backlog = SMALL.monitors / SMALL.regions
    assert max(found.backlog.levels()) == pytest.approx(backlog, rel=0.05)


def test_after_the_loss_it_is_on_time_again() -> None:
    late = run().lateness_after.last_over(1.0)
    assert late is not None
    assert 360 <= late < 425


def test_with_too_little_capacity_slots_are_missed_not_late_for_ever() -> None:
    found = run(
        scenario=Scenario(900), prober_s=2 * 0.06
    )  # 50 a second, for which 6 cores are needed
    assert found.missed > 0.3 * found.scheduled
    assert found.seen + found.missed == found.scheduled
    assert found.lateness.most_s < COSTS.run_by_s + 100 * 0.12


def test_hanging_targets_hold_places_not_cores() -> None:
    found = run(scenario=Scenario(300), hanging=0.3, places=2_000.0)
    assert found.missed == 0
    assert found.lateness.share(0.99) < 0.1
    crowded = run(scenario=Scenario(300), hanging=0.3, places=50.0)
    assert crowded.missed > 0


def test_what_is_planned_is_what_is_used() -> None:
    needed = plan(100_000, COSTS)
    found = run(needed.layout, Scenario(300))
    for part, servers in (("prober", 3 * needed.layout.probers), ("processor", 1)):
        planned = needed.cores[part] / (servers if part == "prober" else needed.layout.processors)
        assert found.used[part] == pytest.approx(planned, rel=0.25)


def test_the_same_seed_gives_the_same() -> None:
    used, again, other = (run(scenario=Scenario(120), seed=seed).used for seed in (4, 4, 5))
    assert used == again
    assert used != other


def test_a_plan_keeps_every_part_below_what_is_planned() -> None:
    for monitors in (10_000, 1_000_000):
        needed = plan(monitors, COSTS)
        layout, rate = needed.layout, needed.rate
        planned = {"postgres": layout.postgres_cores, "processor": layout.processors}
        for part, cores in planned.items():
            work = COSTS.work_s(part, rate, needed.result_messages)
            assert work <= cores * COSTS.utilisation
        assert min(layout.schedulers, layout.probers, layout.processors) >= 2


def test_more_than_a_cell_holds_is_split_evenly() -> None:
    assert plan(CELL, COSTS).cells == 1
    assert plan(CELL + 1, COSTS).cells == 2
    assert plan(100 * CELL, COSTS).layout == plan(CELL, COSTS).layout


def test_walls_are_where_a_part_is_used_up_and_the_nearest_comes_first() -> None:
    found = walls(
        replace(COSTS, postgres_s=0.0001, postgres_message_s=0, node_cores=10, utilisation=0.5)
    )
    assert [wall.monitors for wall in found] == sorted(wall.monitors for wall in found)
    [cores] = [wall for wall in found if wall.what.startswith("cores of")]
    assert cores.monitors == pytest.approx(10 * 0.5 / 0.0001 * 60, abs=1)


def test_measured_costs_take_the_place_of_those_that_are_known(tmp_path: Path) -> None:
    file = tmp_path / "costs.json"
    file.write_text(json.dumps({"prober_s": 0.5, "checks": 7}))
    assert updated(COSTS, file) == replace(COSTS, prober_s=0.5)
