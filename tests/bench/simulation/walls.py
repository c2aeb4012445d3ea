"""How far each part reaches as it is built, in monitors that are checked once a minute."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.simulation.costs import Costs

INTERVAL_S = 60
DAY_S = 86_400
RETENTION_DAYS = 90
LINK_BYTES_S = 125e6
"""One Gbit/s, to a replica."""
SCHEDULER_GB = 4


@dataclass(frozen=True, slots=True)
class Wall:
    """What ends, at how many monitors, and what moves it."""

    what: str
    monitors: int
    beyond: str


def walls(costs: Costs) -> list[Wall]:
    """The nearest first, with full messages."""
    core = costs.utilisation * INTERVAL_S
    full = {
        part: costs.work_s(part, costs.batch) / costs.batch
        for part in ("scheduler", "prober", "processor", "postgres")
    }
    here = full["scheduler"] + full["prober"] + full["processor"]
    a_day = costs.stored_bytes * DAY_S / INTERVAL_S
    found = [
        (
            f"disk of one database node, checks kept for {RETENTION_DAYS} days",
            costs.disk_tb * 1e12 / (a_day * RETENTION_DAYS),
            "keep single checks for fewer days: rollups hold the history",
        ),
        ("`vedette up`: one process, one core", core / here, "probers in processes of their own"),
        (
            "cores of one database node",
            costs.node_cores * core / full["postgres"],
            "a cell more, or Citus",
        ),
        (
            "WAL to a replica over 1 Gbit/s",
            LINK_BYTES_S / costs.wal_bytes * INTERVAL_S,
            "a faster link, or a cell more",
        ),
        (
            "the one queue of results, if a queue has a core",
            core / (costs.queue_s(costs.batch) / costs.batch),
            "a queue of results for each group of shards",
        ),
        (
            f"{costs.shards:.0f} shards, each on a scheduler with a core",
            costs.shards * core / full["scheduler"],
            "more shards, or a cell more",
        ),
        (
            f"{costs.shards:.0f} shards, each on a scheduler with {SCHEDULER_GB} GB",
            costs.shards * SCHEDULER_GB * 1e9 / costs.agenda_bytes,
            "more shards, or a cell more",
        ),
    ]
    return sorted((Wall(what, int(n), how) for what, n, how in found), key=lambda w: w.monitors)
