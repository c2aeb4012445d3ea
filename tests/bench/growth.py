"""What does a check take on disk, and does it cost more to keep the more there are?

    python -m tests.bench.growth [--monitors 500] [--interval 60] [--days 1] [--checks 20000]

Fills in --days of checks of --monitors (tests/bench/filling.py), then has the processor's own
handlers take in --checks results over HTTPS, in batches of 100; then again at 4 and at 16 times as
many days. Measured each time: CPU of the processor and of its PostgreSQL (all that runs meanwhile
is in it: checkpoints, vacuum), what the rows and their indexes take on disk, the write-ahead log
apart, and what summing those checks up costs. Prints JSON, then a table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
from tests.bench.filling import Fleet, add_checks, add_monitors, add_outages, add_sums

from vedette.bus.api import Message
from vedette.core.outcome import Outcome
from vedette.core.result import Result, ResultBatch
from vedette.core.version import __version__
from vedette.processor.handlers import Handlers
from vedette.processor.rollup import GRACE, roll_up
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up
from vedette.store.embedded import running_postgres
from vedette.store.migrate import migrate
from vedette.store.pool import Pool, open_pool

LEVELS = (1, 4, 16)
BATCH = 100
AT_ONCE = 8
DAY = timedelta(days=1)


async def main() -> int:
    """Measure and print."""
    options = _options()
    data = Path(tempfile.mkdtemp(prefix="vedette-growth-"))
    async with running_postgres(data) as dsn:
        await migrate(dsn)
        async with open_pool(dsn, size=10, application="bench") as pool:
            bench = Bench(pool, options, _postmaster(data))
            await bench.begin()
            report = {
                "machine": f"{psutil.cpu_count()} cores, {platform.machine()}",
                "versions": f"vedette {__version__}, PostgreSQL "
                f"{await pool.fetchval('show server_version')}, "
                f"Python {platform.python_version()}",
                "command": f"python -m tests.bench.growth {' '.join(sys.argv[1:])}",
                "monitors": options.monitors,
                "levels": [await bench.level(level) for level in LEVELS],
            }
    shutil.rmtree(data)  # gigabytes
    print(json.dumps(report, indent=2))
    print(_table(report["levels"]))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--monitors", type=int, default=500)
    parser.add_argument("--interval", type=int, default=60, help="seconds")
    parser.add_argument("--days", type=int, default=1, help="of history, at once")
    parser.add_argument("--checks", type=int, default=20_000, help="to measure by, each time")
    return parser.parse_args()


def _postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "data" / "postmaster.pid").read_text().split()[0]))


class Bench:
    """A database whose history grows backwards, and a processor that goes on."""

    def __init__(self, pool: Pool, options: argparse.Namespace, postmaster: psutil.Process) -> None:
        self._pool = pool
        self._options = options
        self._postmaster = postmaster
        self._handlers = Handlers(pool)
        self._midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._since = self._midnight
        self._monitors: list[UUID] = []

    async def begin(self) -> None:
        """Monitors without a past."""
        workspace = uuid4()
        await self._pool.execute("insert into workspace (id, name) values ($1, '')", workspace)
        await keep_up(self._pool, ProcessorSettings(), now=datetime.now(UTC))
        born = self._midnight - LEVELS[-1] * self._options.days * DAY
        fleet = Fleet(self._options.monitors, self._options.interval)
        async with self._pool.acquire() as db:
            self._monitors = await add_monitors(db, workspace, fleet, born)
            await add_outages(db, workspace, born, self._midnight)

    async def level(self, times: int) -> dict[str, Any]:
        """Lengthen the past to so many times what it was first, and measure."""
        since = self._midnight - times * self._options.days * DAY
        await add_checks(self._pool, self._monitors, self._options.interval, since, self._since)
        self._since = since
        if times == LEVELS[0]:
            await add_sums(self._pool, self._midnight - DAY, datetime.now(UTC))
        await self._pool.execute("vacuum analyze", timeout=900)
        await self._pool.execute("checkpoint", timeout=300)
        batches = list(self._batches())
        before, size = await self._disk(), await self._history()
        own, postgres = time.process_time(), self._postgres_cpu()
        await self._take_in(batches)
        own, postgres = time.process_time() - own, self._postgres_cpu() - postgres
        after = await self._disk()
        checks = len(batches) * BATCH
        return {
            "times": times,
            "history_checks": size["checks"],
            "history_bytes_per_check": size["bytes_per_check"],
            "history_index_bytes_per_check": size["index_bytes_per_check"],
            "new_bytes_per_check": round((after["today"] - before["today"]) / checks),
            "wal_bytes_per_check": round((after["wal"] - before["wal"]) / checks),
            "processor_cpu_s_per_1000": round(own / checks * 1000, 4),
            "postgres_cpu_s_per_1000": round(postgres / checks * 1000, 4),
            "sums_cpu_s_per_1000": round(await self._sum_up() / checks * 1000, 4),
        }

    def _batches(self) -> Iterable[Message]:
        """Rounds of all monitors that come after all there were before, a quarter second apart."""
        rounds = -(-self._options.checks // len(self._monitors))
        now = time.time_ns() // 1_000_000
        results = [
            _a_result(monitor, now - (rounds - number) * 250)
            for number in range(rounds)
            for monitor in self._monitors
        ]
        for start in range(0, len(results), BATCH):
            batch = ResultBatch(
                region="default", prober="bench", results=results[start : start + BATCH]
            )
            yield Message("results", batch.model_dump_json(exclude_none=True).encode())

    async def _take_in(self, batches: list[Message]) -> None:
        """As a bus would hand them over."""
        waiting = iter(batches)

        async def consumer() -> None:
            for message in waiting:
                await self._handlers.record(message)

        await asyncio.gather(*(consumer() for _ in range(AT_ONCE)))

    async def _sum_up(self) -> float:
        """The CPU seconds that it takes to sum the present hour up, as if it were over."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        await self._pool.execute(
            "update rollup_progress set through = $1 where grain = 'hour'", hour
        )
        began = time.process_time() + self._postgres_cpu()
        later = hour + timedelta(hours=1) + GRACE
        await roll_up(self._pool, now=later, oldest=self._since)
        return time.process_time() + self._postgres_cpu() - began

    async def _disk(self) -> dict[str, int]:
        row = await self._pool.fetchrow(
            "select pg_total_relation_size($1::text::regclass) as today,"
            " (pg_current_wal_insert_lsn() - '0/0')::bigint as wal",
            f"check_result_{self._midnight:%Y%m%d}",
        )
        assert row is not None
        return dict(row)

    async def _history(self) -> dict[str, int]:
        """The size of the days before this one: of those that are whole."""
        row = await self._pool.fetchrow(
            "select sum(n)::bigint as checks, (sum(total) / sum(n))::int as bytes_per_check,"
            " (sum(indexes) / sum(n))::int as index_bytes_per_check from ("
            " select c.reltuples as n, pg_total_relation_size(c.oid) as total,"
            " pg_indexes_size(c.oid) as indexes from pg_inherits i join pg_class c"
            " on c.oid = i.inhrelid where i.inhparent = 'check_result'::regclass"
            " and c.relname < $1 and c.reltuples > 0) days",
            f"check_result_{self._midnight:%Y%m%d}",
        )
        assert row is not None
        return dict(row)

    def _postgres_cpu(self) -> float:
        """All processes of the server, with those that have ended."""
        times = [self._postmaster.cpu_times()]
        ended = times[0].children_user + times[0].children_system
        for child in self._postmaster.children():
            try:
                times.append(child.cpu_times())
            except psutil.NoSuchProcess:  # it ended: its parent has its times
                continue
        return float(ended + sum(one.user + one.system for one in times))


def _a_result(monitor: UUID, slot: int) -> Result:
    facts = {
        "ip": "192.0.2.17", "status": 200, "http_version": "2", "redirects": 0,
        "size": 15_000 + random.randrange(100), "tls_version": "TLSv1.3",
        "certificate_expires_at": "2027-03-01T12:00:00.000Z",
        "certificate_issuer": "CN=R11,O=Let's Encrypt,C=US",
        "certificate_serial": f"{monitor.int % 10**30:030x}"[:30],
        "certificate_fingerprint": f"{monitor.hex}{monitor.hex}",
    }  # fmt: skip
    phases = {name: round(random.random() * 40, 3)
              for name in ("dns", "connect", "tls", "first_byte", "transfer")}  # fmt: skip
    return Result(
        monitor_id=monitor, revision=1, slot=slot, outcome=Outcome.UP, started_at=slot + 2,
        duration_ms=round(sum(phases.values()), 3), phases=phases, facts=facts,
    )  # fmt: skip


def _table(levels: list[dict[str, Any]]) -> str:
    names = list(levels[0])
    rows = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    rows += ["| " + " | ".join(str(level[name]) for name in names) + " |" for level in levels]
    return "\n".join(rows)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
