"""Do targets that hang hold up the others?"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from tests.bench.capacity import BAR_MS, SETTLE_S
from tests.bench.probe import running_targets
from tests.bench.system import Meter, Mode, running_system
from tests.bench.targets import SILENT


async def measure(options: argparse.Namespace, mode: Mode) -> list[dict[str, Any]]:
    """The lateness of those whose targets answer."""
    hanging = round(options.monitors * options.share)
    async with (
        running_targets() as targets,
        running_system(mode, {}) as system,
    ):
        await system.first(targets.plain.url, interval_s=60)
        silent = [
            f"http://{SILENT[number % len(SILENT)]}:{targets.silent}/{number}"
            for number in range(hanging)
        ]
        good = [f"{targets.plain.url}{number}" for number in range(options.monitors - hanging)]
        await system.sow(silent + good, interval_s=options.interval)
        meter = Meter(system.roots())
        await asyncio.sleep(options.seconds)
        elapsed = meter.seconds
        await asyncio.sleep(SETTLE_S)
        began, ended = meter.began, meter.began + elapsed
        others = await system.lateness(began, ended, of=f"{targets.plain.url}%")
        hung = await system.lateness(began, ended - options.interval, of="http://127.0.0.1_:%")
    return [
        {
            "monitors": options.monitors,
            "hanging": hanging,
            "checks_per_s": round((others.checks + hung.checks) / elapsed, 1),
            "missed": others.missed,
            "late_ms": others.late_ms,
            "hanging_missed": hung.missed,
            "hanging_up": hung.up,
            "holds": not others.missed and others.late_ms[1] < BAR_MS and not hung.up,
        }
    ]
