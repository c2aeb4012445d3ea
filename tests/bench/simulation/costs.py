"""What goes into the simulation, each figure with where it is from. Replace them by newer ones.

`python -m tests.bench.costs --json costs.json` measures those of the first table on this machine;
`python -m tests.bench.simulate --costs costs.json` takes them in place of these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Input:
    """A figure, and whether it was measured or is assumed; where or why."""

    value: float
    unit: str
    measured: bool
    source: str


_COSTS = "tests/bench/costs.py, see docs/scaling.md"

INPUTS: Mapping[str, Input] = {
    # -- what a check costs, services apart over RabbitMQ --------------------------------------
    "scheduler_s": Input(1.48e-05, "CPU s a check", True, _COSTS),
    "scheduler_message_s": Input(0.000862, "CPU s a message of jobs", True, _COSTS),
    "prober_s": Input(0.000244, "CPU s a check", True, _COSTS),
    "prober_message_s": Input(0.00141, "CPU s a message", True, _COSTS),
    "processor_s": Input(1.25e-05, "CPU s a check", True, _COSTS),
    "processor_message_s": Input(0.00142, "CPU s a message of results", True, _COSTS),
    "postgres_s": Input(1.79e-05, "CPU s a check", True, _COSTS),
    "postgres_message_s": Input(0.000808, "CPU s a message of results", True, _COSTS),
    "broker_s": Input(0.0, "CPU s a check", True, _COSTS),
    "broker_message_s": Input(0.000883, "CPU s a message", True, _COSTS),
    "stored_bytes": Input(403, "bytes a check, with indexes", True, _COSTS),
    "wal_bytes": Input(1611, "bytes of WAL a check", True, _COSTS),
    "agenda_bytes": Input(11810, "bytes a monitor in a scheduler", True, _COSTS),
    # -- what is assumed of the world ----------------------------------------------------------
    "check_s": Input(0.15, "s, a usual check over the Internet", False, "an assumption"),
    "timeout_s": Input(10, "s, a check that hangs", False, "the default timeout"),
    "hanging": Input(0.005, "share of checks that hang", False, "an assumption"),
    "utilisation": Input(0.6, "share of a core that is planned to be used", False, "a choice"),
    "node_cores": Input(32, "cores of a large machine", False, "an assumption"),
    "disk_tb": Input(4, "TB of fast disk a database node", False, "an assumption"),
    # -- what the services do, from their code -------------------------------------------------
    "tick_s": Input(0.25, "s between two ticks", True, "scheduler/dispatch.py TICK_S"),
    "lookahead_s": Input(0.5, "s that jobs leave early", True, "scheduler/dispatch.py"),
    "batch": Input(100, "jobs in a message at most", True, "core/job.py MAX_BATCH"),
    "run_by_s": Input(60, "s until a slot is missed", True, "core/job.py MAX_LATENESS_MS"),
    "places": Input(2000, "checks in flight a prober", True, "VEDETTE_PROBER_CONCURRENCY"),
    "result_wait_s": Input(0.5, "s that results wait for others", True, "prober/results.py"),
    "shards": Input(64, "shards of the schedulers", True, "core/slots.py SHARDS"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The figures alone."""

    scheduler_s: float
    scheduler_message_s: float
    prober_s: float
    prober_message_s: float
    processor_s: float
    processor_message_s: float
    postgres_s: float
    postgres_message_s: float
    broker_s: float
    broker_message_s: float
    stored_bytes: float
    wal_bytes: float
    agenda_bytes: float
    check_s: float
    timeout_s: float
    hanging: float
    utilisation: float
    node_cores: float
    disk_tb: float
    tick_s: float
    lookahead_s: float
    batch: float
    run_by_s: float
    places: float
    result_wait_s: float
    shards: float

    def work_s(self, part: str, checks: float, messages: float = 1) -> float:
        """The CPU seconds that a part works for so many checks in so many messages."""
        a_check: float = getattr(self, f"{part}_s")
        a_message: float = getattr(self, f"{part}_message_s")
        return checks * a_check + messages * a_message

    def queue_s(self, checks: float) -> float:
        """What a queue works for a message: a check is in one of jobs and in one of results."""
        return self.work_s("broker", checks / 2)

    @property
    def flight_s(self) -> float:
        """How long a check takes on average."""
        return self.check_s * (1 - self.hanging) + self.timeout_s * self.hanging


def known() -> Costs:
    """The figures of the table above."""
    return Costs(**{name: given.value for name, given in INPUTS.items()})


def updated(costs: Costs, file: Path) -> Costs:
    """With those of a file that `tests.bench.costs` wrote; what it lacks stays."""
    written = json.loads(file.read_text())
    newer = {name: float(written[name]) for name in INPUTS if name in written}
    return replace(costs, **newer)
