"""What a size needs, by arithmetic: cores, processes, machines, bytes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from tests.bench.simulation.cell import Layout
from tests.bench.simulation.costs import Costs

DAY_S = 86_400
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
    broker_messages: float
    """Messages a second, of jobs and of results, of one cell."""
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
    rate = of_cell / interval_s
    layout = Layout(
        monitors=of_cell,
        interval_s=interval_s,
        regions=regions,
        schedulers=_servers(rate * costs.scheduler_s, costs),
        probers=_servers(rate / regions * costs.prober_s, costs),
        processors=_servers(rate * costs.processor_s, costs),
        postgres_cores=_servers(rate * costs.postgres_s, costs),
    )
    everywhere = monitors / interval_s
    parts = ("scheduler", "prober", "processor", "postgres", "broker")
    stored = everywhere * costs.stored_bytes * DAY_S
    per_batch = min(costs.batch, max(rate / regions * costs.tick_s, 1))
    return Plan(
        monitors=monitors,
        cells=cells,
        rate=everywhere,
        layout=layout,
        cores={part: everywhere * getattr(costs, f"{part}_s") for part in parts},
        broker_messages=2 * rate / per_batch,
        in_flight=everywhere * costs.flight_s,
        agenda_gb=monitors * costs.agenda_bytes / 1e9,
        wal_mb=rate * costs.wal_bytes / 1e6,
        stored_gb=stored / 1e9,
        kept_days=costs.disk_tb * 1e12 * cells / stored,
    )


def _servers(work: float, costs: Costs) -> int:
    return max(2, ceil(work / costs.utilisation))
