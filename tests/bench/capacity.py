"""The most checks a second that are on time."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.system import Meter, Mode, System, running_system
from tests.bench.usage import cpu_s

from vedette.testing.nginx import running_nginx

BAR_MS = 1000
SETTLE_S = 5


async def measure(options: argparse.Namespace, mode: Mode) -> list[dict[str, Any]]:
    """One step after the other, each on a new system, until one is not on time."""
    rows: list[dict[str, Any]] = []
    for rate in options.rates:
        rows.append(await _step(mode, rate, options.interval, options.seconds))
        if not rows[-1]["holds"]:
            break
    return rows


async def _step(mode: Mode, rate: int, interval_s: int, seconds: int) -> dict[str, Any]:
    count = rate * interval_s
    async with (
        running_nginx(Path(tempfile.mkdtemp())) as nginx,
        running_system(mode, {}) as system,
    ):
        await system.first(nginx.url, interval_s=60)
        urls = [f"{nginx.url}{number}" for number in range(count)]
        await system.sow(urls, interval_s=interval_s)
        return {"monitors": count} | await watch(system, nginx.pid, seconds)


async def watch(system: System, target: int, seconds: int) -> dict[str, Any]:
    """What the system does for so long, and what that takes."""
    meter, target_before = Meter(system.roots()), cpu_s([target])
    await asyncio.sleep(seconds)
    used, elapsed, memory = meter.cpu_s, meter.seconds, meter.pss_mb()
    target_used = cpu_s([target]) - target_before
    await asyncio.sleep(SETTLE_S)  # for the last results to be stored
    kept = await system.lateness(meter.began, meter.began + elapsed)
    return {
        "checks_per_s": round(kept.checks / elapsed, 1),
        "missed": kept.missed,
        "not_up": kept.checks - kept.up,
        "late_ms": kept.late_ms,
        "cpu_s_per_1000": round(used / kept.checks * 1000, 3),
        "target_cpu_s_per_1000": round(target_used / kept.checks * 1000, 3),
        "pss_mb": memory,
        "holds": not kept.missed and bool(kept.late_ms) and kept.late_ms[1] < BAR_MS,
    }
