"""What a check costs each part: services apart over RabbitMQ and PostgreSQL, two of each.

    python -m tests.bench.costs [--monitors 3000] [--interval 15] [--seconds 60] [--json FILE]

CPU seconds a check beyond what the part uses while nothing is watched, bytes stored and written a
check, and memory a monitor. `tests.bench.simulate --costs FILE` takes them in place of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import psutil
from tests.e2e.actor import Api
from tests.e2e.installation import SERVICES, Installation, running_installation

from vedette.store.migrate import migrate
from vedette.testing.nginx import running_nginx
from vedette.testing.postgres import fresh_database, running_postgres
from vedette.testing.rabbitmq import running_rabbitmq
from vedette.testing.redis import running_redis

IDLE_S = 15
WARM_UP_INTERVALS = 2
AT_ONCE = 10
_CHECKS = """
select count(*) from check_result where slot >= to_timestamp($1) and slot < to_timestamp($2)"""
_STORED = """
select sum(pg_total_relation_size(inhrelid))::float8 / (select count(*) from check_result)
from pg_inherits where inhparent = 'check_result'::regclass"""
_WAL = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8"


@dataclass(frozen=True, slots=True)
class Stand:
    """What there is to measure."""

    installation: Installation
    db: asyncpg.Connection[asyncpg.Record]
    parts: Mapping[str, list[psutil.Process]]
    target: str


async def main() -> None:
    """Measure and print."""
    options = _options()
    async with _stand() as stand, aiohttp.ClientSession() as http:
        idle = await _spent(stand, IDLE_S)
        before = _memory(stand.parts["scheduler"])
        await _watch(Api(http, stand.installation.url), stand.target, options)
        await asyncio.sleep(WARM_UP_INTERVALS * options.interval)
        began, wal = time.time(), await stand.db.fetchval(_WAL)
        busy = await _spent(stand, options.seconds)
        ended, written = time.time(), await stand.db.fetchval(_WAL) - wal
        agenda = _memory(stand.parts["scheduler"]) - before
        await asyncio.sleep(3)  # for the last results to be stored
        checks = await stand.db.fetchval(_CHECKS, began, ended)
        found = {
            f"{part}_s": max(busy[part] - idle[part], 0) * (ended - began) / checks
            for part in stand.parts
        }
        found |= {
            "stored_bytes": await stand.db.fetchval(_STORED),
            "wal_bytes": written / checks,
            "agenda_bytes": agenda / options.monitors,
            "checks": checks,
            "checks_per_s": checks / (ended - began),
            "idle_cores": sum(idle.values()),
            "cpu_s_per_1000_checks": sum(busy.values()) * (ended - began) / checks * 1000,
        }
    text = json.dumps({name: float(f"{value:.4g}") for name, value in found.items()}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--monitors", type=int, default=3000)
    parser.add_argument("--interval", type=int, default=15, help="seconds")
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure")
    parser.add_argument("--json", type=Path, help="where to write what is found, too")
    return parser.parse_args()


@asynccontextmanager
async def _stand() -> AsyncIterator[Stand]:
    folder = Path(tempfile.mkdtemp(prefix="vedette-costs-"))
    async with (
        running_nginx(folder) as nginx,
        running_postgres() as server,
        running_rabbitmq(folder / "rabbitmq") as broker,
        running_redis(folder / "redis") as redis,
    ):
        dsn = await fresh_database(server)
        await migrate(dsn)
        settings = {
            "VEDETTE_DATABASE_URL": dsn,
            "VEDETTE_AMQP_URL": broker.url,
            "VEDETTE_REDIS_URL": redis.url,
            "VEDETTE_PROBER_FORBIDDEN": "none",
        }
        async with running_installation("apart", settings) as installation:
            db = await asyncpg.connect(dsn)
            try:
                pid = await db.fetchval("select pg_backend_pid()")
                postmaster = psutil.Process(pid).parent()
                assert postmaster is not None
                parts = {
                    service: [psutil.Process(child.pid) for child in installation.children[service]]
                    for service in SERVICES
                }
                parts |= {"postgres": [postmaster], "broker": [psutil.Process(broker.pid)]}
                yield Stand(installation, db, parts, nginx.url)
            finally:
                await db.close()


async def _watch(api: Api, target: str, options: argparse.Namespace) -> None:
    numbers = iter(range(options.monitors))

    async def add() -> None:
        for number in numbers:
            url = f"{target}{number}"
            await api(
                "POST",
                "/monitors",
                {
                    "name": url,
                    "kind": "http",
                    "target": {"url": url},
                    "interval_s": options.interval,
                },
            )

    await asyncio.gather(*(add() for _ in range(AT_ONCE)))


async def _spent(stand: Stand, seconds: float) -> dict[str, float]:
    """Cores that each part uses on average."""
    before = {part: _cpu(processes) for part, processes in stand.parts.items()}
    began = time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return {
        part: (_cpu(processes) - before[part]) / took for part, processes in stand.parts.items()
    }


def _cpu(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds so far, of what is below them as well."""
    total = 0.0
    for process in processes:
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # PostgreSQL's workers come and go
                times = each.cpu_times()
                total += times.user + times.system
    return total


def _memory(processes: Iterable[psutil.Process]) -> float:
    return float(sum(process.memory_info().rss for process in processes))


if __name__ == "__main__":
    asyncio.run(main())
