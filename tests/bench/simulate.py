"""What 10,000, 1 million and 100 million monitors need, and what the loss of a region does to them.

    python -m tests.bench.simulate [--monitors N …] [--seed 1] [--costs costs.json] [--json]

Lays each size out by the costs in `simulation/costs.py`, then simulates it: ten usual minutes, and
25 in which all probers of one of three regions are gone for ten. Of many cells, which share
nothing, two are simulated. Prints a table, or JSON with `--json`; the same seed gives the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.simulation.cell import Run, Scenario, simulate
from tests.bench.simulation.costs import INPUTS, Costs, known, updated
from tests.bench.simulation.plan import Plan, plan
from tests.bench.simulation.station import Outage
from tests.bench.simulation.walls import walls

SIZES = (10_000, 1_000_000, 100_000_000)
USUAL = Scenario(600)
LOSS = Scenario(1_500, Outage(120, 720))
MOST_CELLS = 2
LATE_S = 1.0


def main() -> int:
    """Simulate and print."""
    options = _options()
    costs = updated(known(), options.costs) if options.costs else known()
    found = [_size(monitors, costs, options.seed) for monitors in options.monitors]
    if options.json:
        inputs = {name: asdict(given) for name, given in INPUTS.items()}
        for name, given in inputs.items():
            given["value"] = getattr(costs, name)
        limits = [asdict(wall) for wall in walls(costs)]
        report = {"seed": options.seed, "inputs": inputs, "walls": limits, "sizes": found}
        print(json.dumps(report, indent=2))
    else:
        print(_table(found))
        print("\nhow far each part reaches, in monitors that are checked once a minute")
        for wall in walls(costs):
            print(f"{wall.monitors:>14,}  {wall.what}; beyond: {wall.beyond}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--monitors", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--costs", type=Path, help="figures that tests.bench.costs measured")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _size(monitors: int, costs: Costs, seed: int) -> dict[str, Any]:
    needed = plan(monitors, costs)
    cells = range(min(needed.cells, MOST_CELLS))
    usual = [simulate(needed.layout, costs, USUAL, seed + cell) for cell in cells]
    lost = [simulate(needed.layout, costs, LOSS, seed + cell) for cell in cells]
    return {
        "plan": _rounded(asdict(needed)),
        "simulated_cells": len(cells),
        "usual": _rounded(_usual(usual)),
        "region_lost_for_10_min": _rounded(_lost(lost, needed)),
    }


def _usual(runs: list[Run]) -> dict[str, Any]:
    return {
        "scheduled": sum(run.scheduled for run in runs),
        "missed": sum(run.missed for run in runs),
        "lateness_p50_ms": max(run.lateness.share(0.5) for run in runs) * 1000,
        "lateness_p99_ms": max(run.lateness.share(0.99) for run in runs) * 1000,
        "verdict_p50_ms": max(run.verdict.share(0.5) for run in runs) * 1000,
        "verdict_p99_ms": max(run.verdict.share(0.99) for run in runs) * 1000,
        "used": {name: max(run.used[name] for run in runs) for name in runs[0].used},
    }


def _lost(runs: list[Run], needed: Plan) -> dict[str, Any]:
    assert LOSS.loss is not None
    back, worst = LOSS.loss.ends, max(run.lateness_after.last_over(LATE_S) or 0 for run in runs)
    each = [run.missed / run.scheduled for run in runs]
    return {
        "scheduled": sum(run.scheduled for run in runs),
        "missed": sum(run.missed for run in runs),
        "missed_share_of_region": max(each)
        * needed.layout.regions
        * LOSS.seconds
        / (back - LOSS.loss.begins),
        "given_out_again": sum(run.lost_work for run in runs),
        "backlog_most_jobs": max(max(run.backlog.levels()) for run in runs),
        "on_time_again_after_s": max(worst + 1 - back, 0.0),
        "verdict_p99_ms": max(run.verdict.share(0.99) for run in runs) * 1000,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(member) for name, member in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _table(found: list[dict[str, Any]]) -> str:
    rows = [("", *(f"{one['plan']['monitors']:,} monitors" for one in found))]
    for title, *path in _ROWS:
        rows.append((title, *(_cell(one, path) for one in found)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def _cell(found: dict[str, Any], path: list[str]) -> str:
    value: Any = found
    for name in path:
        value = value[name]
    return f"{value:,.4g}" if isinstance(value, float) and value < 10_000 else f"{value:,.0f}"


_ROWS = (
    ("checks/s", "plan", "rate"),
    ("cells", "plan", "cells"),
    ("of a cell: schedulers", "plan", "layout", "schedulers"),
    ("of a cell: probers in each of 3 regions", "plan", "layout", "probers"),
    ("of a cell: processors", "plan", "layout", "processors"),
    ("of a cell: PostgreSQL cores", "plan", "layout", "postgres_cores"),
    ("of a cell: messages/s of jobs", "plan", "job_messages"),
    ("of a cell: messages/s of results", "plan", "result_messages"),
    ("of a cell: WAL MB/s", "plan", "wal_mb"),
    ("cores at work: schedulers", "plan", "cores", "scheduler"),
    ("cores at work: probers", "plan", "cores", "prober"),
    ("cores at work: processors", "plan", "cores", "processor"),
    ("cores at work: PostgreSQL", "plan", "cores", "postgres"),
    ("cores at work: RabbitMQ", "plan", "cores", "broker"),
    ("checks in flight", "plan", "in_flight"),
    ("memory of the schedulers' agendas, GB", "plan", "agenda_gb"),
    ("stored a day, GB", "plan", "stored_gb"),
    ("days that 4 TB a cell hold", "plan", "kept_days"),
    ("usual: lateness p99, ms", "usual", "lateness_p99_ms"),
    ("usual: missed", "usual", "missed"),
    ("usual: result to verdict p99, ms", "usual", "verdict_p99_ms"),
    ("region lost: missed (of the simulated cells)", "region_lost_for_10_min", "missed"),
    (
        "region lost: share of its slots meanwhile",
        "region_lost_for_10_min",
        "missed_share_of_region",
    ),
    ("region lost: jobs in its queue at most", "region_lost_for_10_min", "backlog_most_jobs"),
    ("region lost: on time again after, s", "region_lost_for_10_min", "on_time_again_after_s"),
    ("region lost: result to verdict p99, ms", "region_lost_for_10_min", "verdict_p99_ms"),
)


if __name__ == "__main__":
    sys.exit(main())
