"""Does it keep its cadence? 500 monitors at 5 s against a local nginx, embedded, for five minutes.

    python -m tests.bench.cadence [--monitors 500] [--interval 5] [--seconds 300]

Prints one JSON object: checks, missed and absent slots, lateness (start after slot), CPU seconds
per 1,000 checks of Vedette with its PostgreSQL (the target's apart) and memory. Exits 1 when a
slot was missed or the lateness's 99th percentile reaches 500 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import psutil
from tests.e2e.actor import Api
from tests.e2e.installation import Installation, running_installation

from vedette.testing.nginx import running_nginx

BAR_MS = 500
WARM_UP_INTERVALS = 2
SETTLE_S = 3


async def main() -> int:
    """Measure and print."""
    options = _options()
    async with AsyncExitStack() as stack:
        nginx = await stack.enter_async_context(running_nginx(Path(tempfile.mkdtemp())))
        installation = await stack.enter_async_context(running_installation("embedded", {}))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        api = Api(http, installation.url)
        monitors = [
            await _add(api, f"{nginx.url}/{number}", options.interval)
            for number in range(options.monitors)
        ]
        await asyncio.sleep(WARM_UP_INTERVALS * options.interval)
        report = await _measure(api, installation, monitors, options)
    print(json.dumps(report, indent=2))
    return 0 if report["holds"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--monitors", type=int, default=500)
    parser.add_argument("--interval", type=int, default=5, help="seconds")
    parser.add_argument("--seconds", type=int, default=300, help="how long to measure")
    return parser.parse_args()


async def _add(api: Api, url: str, interval: int) -> str:
    definition = {"name": url, "kind": "http", "target": {"url": url}, "interval_s": interval}
    return str((await api("POST", "/monitors", definition))["id"])


async def _measure(
    api: Api, installation: Installation, monitors: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    processes = _processes(installation)
    cpu, began = _cpu(processes), time.time()
    memory = []
    while time.time() < began + options.seconds:
        memory.append(sum(process.memory_info().rss for process in processes if _lives(process)))
        await asyncio.sleep(1)
    ended, used = time.time(), _cpu(processes) - cpu
    await asyncio.sleep(SETTLE_S)  # for the last results to be stored
    checks = [await _checks(api, monitor, began, ended) for monitor in monitors]
    return _report(checks, options, used, max(memory)) | {"pss_mb": _pss_mb(processes)}


def _report(
    checks: list[list[Any]], options: argparse.Namespace, cpu_s: float, memory: int
) -> dict[str, Any]:
    everything = [check for of_one in checks for check in of_one]
    outcomes = Counter(check["outcome"] for check in everything)
    late = sorted(_lateness_ms(everything))
    percentiles = quantiles(late, n=100)
    absent = sum(_absent(of_one, options.interval) for of_one in checks)
    return {
        "machine": f"{psutil.cpu_count()} cores, {platform.machine()}",
        "monitors": options.monitors,
        "interval_s": options.interval,
        "seconds": options.seconds,
        "checks": len(everything),
        "checks_per_s": round(len(everything) / options.seconds, 1),
        "outcomes": dict(outcomes),
        "absent_slots": absent,
        "lateness_ms": {
            "p50": round(percentiles[49], 1),
            "p99": round(percentiles[98], 1),
            "max": round(late[-1], 1),
        },
        "cpu_s_per_1000_checks": round(cpu_s / len(everything) * 1000, 3),
        "rss_mb": round(memory / 1e6),
        "holds": not absent and not outcomes["missed"] and percentiles[98] < BAR_MS,
    }


async def _checks(api: Api, monitor: str, began: float, ended: float) -> list[Any]:
    since, until = (
        datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z") for at in (began, ended)
    )
    return await api.items(f"/monitors/{monitor}/checks?limit=500&since={since}&until={until}")


def _lateness_ms(checks: Iterable[Any]) -> Iterable[float]:
    for check in checks:
        if check["started_at"]:
            started, slot = (datetime.fromisoformat(check[at]) for at in ("started_at", "slot"))
            yield (started - slot).total_seconds() * 1000


def _absent(checks: list[Any], interval: int) -> int:
    """Slots between the first and the last that left no check."""
    slots = sorted(datetime.fromisoformat(check["slot"]) for check in checks)
    expected = round((slots[-1] - slots[0]).total_seconds() / interval) + 1
    return expected - len(slots)


def _processes(installation: Installation) -> list[psutil.Process]:
    """Vedette and its PostgreSQL, which is not its child."""
    (vedette,) = installation.children["up"]
    data = Path(installation.environment["VEDETTE_DATA_DIR"]) / "postgresql" / "data"
    postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    return [psutil.Process(vedette.pid), postmaster, *postmaster.children(recursive=True)]


def _cpu(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds so far. PostgreSQL's short-lived workers are not in it."""
    times = [process.cpu_times() for process in processes if _lives(process)]
    return sum(each.user + each.system for each in times)


def _pss_mb(processes: Iterable[psutil.Process]) -> int:
    """Memory with shared pages counted once."""
    used = sum(process.memory_full_info().pss for process in processes if _lives(process))
    return round(used / 1e6)


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
