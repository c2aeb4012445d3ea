"""What a size needs, by arithmetic: cores, processes, machines, bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from tests.bench.simulation.cell import Layout
from tests.bench.simulation.costs import Costs
from tests.bench.simulation.packing import messages_per_s

DAY_S = 86_400
_ROUNDS = 5
CELL = 1_000_000
"""Monitors of a cell, at most: what one PostgreSQL and one RabbitMQ take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What so many monitors need."""

    monitors: int
    cells: int
    rate: float
    """Checks a second, of all cells."""
    layout: Layout
    """Of one cell."""
    cores: dict[str, float]
    """That work, on average, of all cells."""
    job_messages: float
    """Messages of jobs a second, of one cell."""
    result_messages: float
    """Messages of results a second, of one cell."""
    in_flight: float
    """Checks at any time, of all cells."""
    agenda_gb: float
    """Memory of all schedulers."""
    wal_mb: float
    """WAL a second, of one cell."""
    stored_gb: float
    """Bytes stored a day, of all cells."""
    kept_days: float
    """For how many days the disks of one node for each cell last."""


def plan(monitors: int, costs: Costs, *, interval_s: int = 60, regions: int = 3) -> Plan:
    """How to lay it out: two of each at least, and no core busier than planned."""
    cells = ceil(monitors / CELL)
    of_cell = ceil(monitors / cells)
    layout = _layout(of_cell, costs, interval_s, regions)
    rate, everywhere = of_cell / interval_s, monitors / interval_s
    jobs, results = _messages(layout, rate, costs)
    messages = {"scheduler": jobs, "processor": results, "postgres": results}
    stored = everywhere * costs.stored_bytes * DAY_S
    return Plan(
        monitors=monitors,
        cells=cells,
        rate=everywhere,
        layout=layout,
        cores={
            part: costs.work_s(part, everywhere, cells * messages.get(part, jobs + results))
            for part in ("scheduler", "prober", "processor", "postgres", "broker")
        },
        job_messages=jobs,
        result_messages=results,
        in_flight=everywhere * costs.flight_s,
        agenda_gb=monitors * costs.agenda_bytes / 1e9,
        wal_mb=rate * costs.wal_bytes / 1e6,
        stored_gb=stored / 1e9,
        kept_days=costs.disk_tb * 1e12 * cells / stored,
    )


def _layout(monitors: int, costs: Costs, interval_s: int, regions: int) -> Layout:
    """As many of each as are needed with the messages that so many make."""
    rate, layout = monitors / interval_s, Layout(monitors, interval_s, regions, 2, 2, 2, 2)
    for _ in range(_ROUNDS):
        jobs, results = _messages(layout, rate, costs)
        layout = replace(
            layout,
            schedulers=_servers(costs.work_s("scheduler", rate, jobs), costs),
            probers=_servers(costs.work_s("prober", rate, jobs + results) / regions, costs),
            processors=_servers(costs.work_s("processor", rate, results), costs),
            postgres_cores=_servers(costs.work_s("postgres", rate, results), costs),
        )
    return layout


def _messages(layout: Layout, rate: float, costs: Costs) -> tuple[float, float]:
    """Messages of jobs and of results a second."""
    most, in_region = int(costs.batch), rate / layout.regions
    jobs = messages_per_s(in_region, layout.schedulers, costs.tick_s, most)
    results = messages_per_s(in_region, layout.probers, costs.result_wait_s, most)
    return jobs * layout.regions, results * layout.regions


def _servers(work: float, costs: Costs) -> int:
    return max(2, ceil(work / costs.utilisation))
