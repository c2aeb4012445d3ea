"""What a check and a message cost each part: services apart over RabbitMQ, two of each.

    python -m tests.bench.costs [--monitors 3000] [--interval 10] [--seconds 45] [--json FILE]

Measures with a fifth of the monitors and with all. Messages are the fuller the more is due, so the
two tell apart what each check costs and what each message, beyond what a part uses while nothing
is watched; besides, bytes stored and written a check and memory a monitor.
`tests.bench.simulate --costs FILE` takes them in place of its own.
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
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.actor import Api
from tests.e2e.installation import REPLICAS, SERVICES, Installation, running_installation

from vedette.bus.topology import RESULTS
from vedette.scheduler.dispatch import TICK_S
from vedette.store.migrate import migrate
from vedette.testing.nginx import running_nginx
from vedette.testing.postgres import fresh_database, running_postgres
from vedette.testing.rabbitmq import running_rabbitmq
from vedette.testing.redis import running_redis

IDLE_S = 15
JOB_MESSAGES, RESULT_MESSAGES = 0, 1
MESSAGES: Mapping[str, tuple[int, ...]] = {
    "scheduler": (JOB_MESSAGES,),
    "prober": (JOB_MESSAGES, RESULT_MESSAGES),
    "processor": (RESULT_MESSAGES,),
    "postgres": (RESULT_MESSAGES,),
    "broker": (JOB_MESSAGES, RESULT_MESSAGES),
}
"""Whose messages a part deals with."""
WARM_UP_INTERVALS = 2
AT_ONCE = 10
_HANDLED = "vedette_messages_handled_total"
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


@dataclass(frozen=True, slots=True)
class Load:
    """What one load took: cores of each part, and what went through, a second."""

    cores: dict[str, float]
    checks: float
    jobs: float
    """Messages of jobs: each scheduler sends one a tick, as long as none is full."""
    results: float
    """Messages of results."""
    wal_bytes: float


async def main() -> None:
    """Measure and print."""
    options = _options()
    few, many = options.monitors // 5, options.monitors
    async with _stand() as stand, aiohttp.ClientSession() as http:
        api = Api(http, stand.installation.url)
        idle = await _load(stand, http, IDLE_S)
        before = _memory(stand.parts["scheduler"])
        loads = []
        for numbers in (range(few), range(few, many)):
            await _watch(api, stand.target, numbers, options.interval)
            await asyncio.sleep(WARM_UP_INTERVALS * options.interval)
            loads.append(await _load(stand, http, options.seconds))
        agenda = _memory(stand.parts["scheduler"]) - before
        found = _fitted(idle, *loads)
        found |= {
            "stored_bytes": await stand.db.fetchval(_STORED),
            "wal_bytes": (loads[1].wal_bytes - idle.wal_bytes) / loads[1].checks,
            "agenda_bytes": agenda / many,
            "idle_cores": sum(idle.cores.values()),
        }
        for name, load in zip(("few", "many"), loads, strict=True):
            found |= {
                f"{name}_checks_per_s": load.checks,
                f"{name}_result_messages_per_s": load.results,
                f"{name}_cpu_s_per_1000_checks": sum(load.cores.values()) / load.checks * 1000,
            }
    text = json.dumps({name: float(f"{value:.4g}") for name, value in found.items()}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


def _fitted(idle: Load, few: Load, many: Load) -> dict[str, float]:
    """Each part's seconds a check and a message, by what two loads took beyond none."""
    found: dict[str, float] = {}
    for part in MESSAGES:
        rows = [
            (load.checks, _messages(part, load), load.cores[part] - idle.cores[part])
            for load in (few, many)
        ]
        a_check, a_message = solved(*rows)
        found |= {f"{part}_s": a_check, f"{part}_message_s": a_message}
    return found


def _messages(part: str, load: Load) -> float:
    return sum((load.jobs, load.results)[kind] for kind in MESSAGES[part])


def solved(
    few: tuple[float, float, float], many: tuple[float, float, float]
) -> tuple[float, float]:
    """What a check and a message cost, of (checks, messages, cost) of two loads.

    Neither is negative: noise that makes one so leaves the other to explain the greater load.
    """
    (c1, m1, y1), (c2, m2, y2) = few, many
    determinant = c1 * m2 - c2 * m1
    if determinant:
        a_check, a_message = (y1 * m2 - y2 * m1) / determinant, (c1 * y2 - c2 * y1) / determinant
        if a_check >= 0 and a_message >= 0:
            return a_check, a_message
        if a_check < 0:
            return 0.0, max(y2, 0) / m2
    return max(y2, 0) / c2, 0.0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--monitors", type=int, default=3000)
    parser.add_argument("--interval", type=int, default=10, help="seconds")
    parser.add_argument("--seconds", type=int, default=45, help="how long to measure each load")
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


async def _watch(api: Api, target: str, numbers: Iterable[int], interval: int) -> None:
    left = iter(numbers)

    async def add() -> None:
        for number in left:
            url = f"{target}{number}"
            definition = {"name": url, "kind": "http", "target": {"url": url}}
            await api("POST", "/monitors", {**definition, "interval_s": interval})

    await asyncio.gather(*(add() for _ in range(AT_ONCE)))


async def _load(stand: Stand, http: aiohttp.ClientSession, seconds: float) -> Load:
    """What goes on in so many seconds."""
    before = await _counts(stand, http)
    cpu = {part: _cpu(processes) for part, processes in stand.parts.items()}
    began = time.monotonic()
    await asyncio.sleep(seconds)
    spent = {part: _cpu(processes) - cpu[part] for part, processes in stand.parts.items()}
    took = time.monotonic() - began
    after = await _counts(stand, http)
    checks, results, wal = ((after[n] - before[n]) / took for n in range(3))
    cores = {part: used / took for part, used in spent.items()}
    return Load(cores, checks, REPLICAS / TICK_S, results, wal)


async def _counts(stand: Stand, http: aiohttp.ClientSession) -> tuple[float, float, float]:
    """Checks, messages of results and bytes of WAL so far."""
    checks = results = 0.0
    for row in await stand.db.fetch("select address from process where service = 'processor'"):
        async with http.get(f"http://{row['address']}/metrics") as response:
            page = await response.text()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == "vedette_checks_recorded_total":
                    checks += sample.value
                if sample.labels.get("queue") == RESULTS.name and sample.name == _HANDLED:
                    results += sample.value
    return checks, results, await stand.db.fetchval(_WAL)


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
