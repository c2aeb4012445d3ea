"""How much does the whole system hold, embedded and apart?

    python -m tests.bench.load capacity [--rates 500,1000,1500,2000,2500] [--seconds 180]
    python -m tests.bench.load hang [--monitors 5000] [--share 0.3]
    python -m tests.bench.load detection [--rate 100] [--outages 100]
    python -m tests.bench.load idle [--rates 100,300,1000] [--interval 20] [--seconds 30]

capacity: the most checks a second, of monitors at 60 s, with the lateness's 99th percentile under
1 s and no slot missed, with CPU and memory at each step. hang: the lateness of the other monitors
while a share of the targets takes connections and never answers. detection: from the check that
finds its target down, as the target saw it, to the webhook. idle: CPU a second with one monitor at
60 s, then with each of the rates, by process, with transactions, WAL and wakeups. `--modes
embedded,apart` says which way Vedette runs; embedded, VEDETTE_UP_PROBERS in the environment holds.
Prints a table to standard error and JSON to standard output, and exits 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import psutil
from tests.bench import capacity, detection, hang, idle
from tests.bench.system import Mode

Row = dict[str, Any]
Bench = Callable[[argparse.Namespace, Mode], Awaitable[list[Row]]]
BENCHES: Mapping[str, Bench] = {
    "capacity": capacity.measure,
    "hang": hang.measure,
    "detection": detection.measure,
    "idle": idle.measure,
}


async def main() -> int:
    """Measure and print."""
    options = _options()
    rows: list[Row] = []
    for mode in options.modes:
        rows += [{"mode": mode} | row for row in await BENCHES[options.bench](options, mode)]
    _print_table(rows)
    machine = f"{psutil.cpu_count()} cores, {platform.machine()}"
    print(json.dumps({"bench": options.bench, "machine": machine, "rows": rows}, indent=2))
    return 0 if all(row["holds"] for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("--modes", type=_words, default=["embedded", "apart"])
    parser.add_argument("--interval", type=int, default=60, help="seconds")
    parser.add_argument("--seconds", type=int, default=180, help="how long to measure a step")
    parser.add_argument("--rates", type=_numbers, default=[500, 1000, 1500, 2000, 2500])
    parser.add_argument("--monitors", type=int, default=5000, help="hang: so many")
    parser.add_argument("--share", type=float, default=0.3, help="hang: so many of them")
    parser.add_argument("--rate", type=int, default=100, help="detection: checks a second")
    parser.add_argument("--outages", type=int, default=100, help="detection: so many")
    return parser.parse_args()


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _print_table(rows: Sequence[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([_shown(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    for line in lines:
        print("  ".join(map(str.rjust, line, widths)), file=sys.stderr)


def _shown(value: object) -> str:
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
