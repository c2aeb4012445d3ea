"""What a second costs with few checks or none: loops, leases, polls and small batches."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.capacity import SETTLE_S
from tests.bench.system import Meter, Mode, System, running_system
from tests.bench.usage import cpu_by_name, waits

from vedette.testing.nginx import running_nginx

BAR_S = 0.02
"""CPU seconds a second with a single monitor."""
_WARM_UP_S = 15
_SHOWN = 0.0002
_COUNTS = {
    "transactions_per_s": "select sum(xact_commit + xact_rollback)::float8 from pg_stat_database",
    "wal_kb_per_s": "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 / 1000",
    "fsyncs_per_s": "select sum(fsyncs)::float8 from pg_stat_io where object = 'wal'",
}


async def measure(options: argparse.Namespace, mode: Mode) -> list[dict[str, Any]]:
    """A single monitor at 60 s, then more and more checks on the same system."""
    rows: list[dict[str, Any]] = []
    async with (
        running_nginx(Path(tempfile.mkdtemp())) as nginx,
        running_system(mode, {}) as system,
    ):
        await system.first(nginx.url, interval_s=60)
        sown = 0
        for rate in (0, *options.rates):
            count = rate * options.interval
            await _sow(system, nginx.url, range(sown, count), options.interval)
            sown = max(sown, count)
            await asyncio.sleep(_WARM_UP_S)
            rows.append({"monitors": 1 + sown} | await _watch(system, options.seconds))
    return [row | {"holds": row["monitors"] > 1 or row["cpu_s_per_s"] < BAR_S} for row in rows]


async def _sow(system: System, target: str, numbers: Sequence[int], interval_s: int) -> None:
    if numbers:
        await system.sow([f"{target}{number}" for number in numbers], interval_s=interval_s)


async def _watch(system: System, seconds: int) -> dict[str, Any]:
    roots = system.roots()
    counts = {name: await system.ask(query) for name, query in _COUNTS.items()}
    meter, before, woken = Meter(roots), cpu_by_name(roots), waits(roots)
    await asyncio.sleep(seconds)
    used, elapsed, after = meter.cpu_s, meter.seconds, cpu_by_name(roots)
    per_s = {"wakeups_per_s": (waits(roots) - woken) / elapsed}
    for name, query in _COUNTS.items():
        per_s[name] = (await system.ask(query) - counts[name]) / elapsed
    await asyncio.sleep(SETTLE_S)  # for the last results to be stored
    kept = await system.lateness(meter.began, meter.began + elapsed)
    parts = {name: (after[name] - before.get(name, 0)) / elapsed for name in after}
    return {
        "checks_per_s": round(kept.checks / elapsed, 1),
        "missed": kept.missed,
        "late_ms": kept.late_ms,
        "cpu_s_per_s": round(used / elapsed, 4),
        "cpu_s_per_1000": round(used / kept.checks * 1000, 3) if kept.checks else None,
        **{name: round(value, 1) for name, value in per_s.items()},
        "parts": {name: round(s, 4) for name, s in sorted(parts.items()) if s >= _SHOWN},
    }
