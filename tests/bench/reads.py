"""How soon does the API answer, with 10,000 monitors and 30 days of checks behind it?

    python -m tests.bench.reads [--fast 100] [--slow 9900] [--slow-interval 1800] [--days 30]
        [--requests 300] [--clients 4] [--data DIR]

The past is made by the server (tests/bench/filling.py): --fast monitors are checked each minute and
--slow ones every --slow-interval seconds. With --data the database is kept there and found again.
Then the real gateway, in a process of its own, is asked over HTTP by --clients at a time, each for
monitors at random. Prints JSON, then a table. Exits 1 when a 95th percentile that has a bar of
100 ms misses it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import aiohttp
import psutil
from pydantic import SecretStr
from tests.bench.filling import Fleet, add_checks, add_monitors, add_outages, add_sums

from vedette.bus.local import LocalBus
from vedette.core.version import __version__
from vedette.gateway.domain.cursors import encode
from vedette.gateway.service import running
from vedette.gateway.settings import GatewaySettings
from vedette.runtime.launch import stop_event
from vedette.runtime.memory import keep_what_is_here
from vedette.runtime.resources import Resources
from vedette.store.cache import MemoryCache
from vedette.store.embedded import running_postgres
from vedette.store.migrate import migrate
from vedette.store.pool import Pool, open_pool
from vedette.testing.ports import free_port

API = "/api/v1"
BAR_MS = 100.0
KEY = "the key of the benchmark"
WARM_UP = 20


class About(NamedTuple):
    """What one question is about, by chance."""

    monitor: str
    """Any monitor."""
    busy: str
    """One of those that are checked most often."""


Asking = Callable[[About], list[str]]
"""The addresses of one question."""

_ALL_OF_ONE = ("", "/history?window=30d", "/uptime", "/checks?limit=100")
QUESTIONS: dict[str, Asking] = {
    "list of monitors, 100 a page": lambda _: [f"{API}/monitors?limit=100"],
    "list of monitors, a later page": lambda about: [
        f"{API}/monitors?limit=100&cursor={encode(UUID(about.monitor))}"
    ],
    "list of those that are down": lambda _: [f"{API}/monitors?limit=100&state=down"],
    "one monitor": lambda about: [f"{API}/monitors/{about.monitor}"],
    "30 days of history, by the day": lambda about: [
        f"{API}/monitors/{about.monitor}/history?window=30d"
    ],
    "30 days of history, by the hour": lambda about: [
        f"{API}/monitors/{about.monitor}/history?window=30d&step=hour"
    ],
    "the same of one that is checked each minute": lambda about: [
        f"{API}/monitors/{about.busy}/history?window=30d&step=hour"
    ],
    "uptime over 24 h, 7, 30 and 90 days": lambda about: [f"{API}/monitors/{about.monitor}/uptime"],
    "newest 100 checks": lambda about: [f"{API}/monitors/{about.monitor}/checks?limit=100"],
    "all of a monitor: itself, 30 days, uptime, checks": lambda about: [
        f"{API}/monitors/{about.monitor}{part}" for part in _ALL_OF_ONE
    ],
    "incidents, 100 a page": lambda _: [f"{API}/incidents?limit=100"],
    "open incidents": lambda _: [f"{API}/incidents?limit=100&state=open"],
    "a monitor's incidents": lambda about: [f"{API}/incidents?limit=100&monitor={about.monitor}"],
    "all in one word and in numbers": lambda _: [f"{API}/summary"],
    "the status screen": lambda _: ["/"],
    "the status screen, its last page": lambda _: ["/?page=1000000"],
}


async def main() -> int:
    """Measure and print, or serve."""
    options = _options()
    if options.serve:
        return await _serve(options)
    async with _filled(options) as (dsn, report):
        async with open_pool(dsn, size=2, application="bench") as pool:
            await pool.execute(_AS_IF_CHECKED_NOW)
            monitors = await pool.fetch("select id, spec->'interval_s' as every from monitor")
            report.update(await _size(pool))
        async with _gateway(dsn) as url:
            report["answers_ms"] = await _ask_everything(url, _any_of(monitors), options)
    report["bar_ms"] = BAR_MS
    report["holds"] = all(one["p95"] < BAR_MS for one in report["answers_ms"].values())
    print(json.dumps(report, indent=2))
    print(_table(report))
    return 0 if report["holds"] else 1


# By the scheduler, the probers and the processor, which don't run here.
_AS_IF_CHECKED_NOW = """
    update monitor_state s set last_vote = now(), look_at = now() + make_interval(secs =>
        3 * (m.spec->>'interval_s')::int + (m.spec->>'timeout_s')::float8)
    from monitor m where m.id = s.monitor_id"""


def _any_of(monitors: Sequence[Any]) -> Callable[[], About]:
    most_often = min(row["every"] for row in monitors)
    ids = [str(row["id"]) for row in monitors]
    busy = [str(row["id"]) for row in monitors if row["every"] == most_often]
    return lambda: About(random.choice(ids), random.choice(busy))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fast", type=int, default=100, help="monitors at 60 s")
    parser.add_argument("--slow", type=int, default=9900, help="monitors at --slow-interval")
    parser.add_argument("--slow-interval", type=int, default=1800, help="seconds")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--requests", type=int, default=300, help="of each question")
    parser.add_argument("--clients", type=int, default=4, help="at a time")
    parser.add_argument("--data", type=Path, help="where the database is kept")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


@asynccontextmanager
async def _filled(options: argparse.Namespace) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The database with its past, and what is to be said of both."""
    data = options.data or Path(tempfile.mkdtemp(prefix="vedette-reads-"))
    async with running_postgres(data) as dsn:
        await migrate(dsn)
        async with open_pool(dsn, size=2, application="bench") as pool:
            began = time.monotonic()
            if not await pool.fetchval("select exists (select from monitor)"):
                await _fill(pool, options)
            version = await pool.fetchval("show server_version")
        yield (
            dsn,
            {
                "machine": f"{psutil.cpu_count()} cores, {platform.machine()}",
                "versions": f"vedette {__version__}, PostgreSQL {version}, "
                f"Python {platform.python_version()}",
                "command": f"python -m tests.bench.reads {' '.join(sys.argv[1:])}",
                "filled_in_s": round(time.monotonic() - began),
            },
        )
    if options.data is None:
        shutil.rmtree(data)  # gigabytes


async def _fill(pool: Pool, options: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    born = (now - timedelta(days=options.days)).replace(microsecond=0)
    workspace = uuid4()
    await pool.execute("insert into workspace (id, name) values ($1, 'default')", workspace)
    for fleet in (Fleet(options.fast, 60), Fleet(options.slow, options.slow_interval)):
        async with pool.acquire() as db:
            monitors = await add_monitors(db, workspace, fleet, born)
        born += timedelta(seconds=fleet.count / 1000 + 1)  # their ids tell their age
        _say(f"{fleet.count} monitors at {fleet.interval_s} s")
        await add_checks(pool, monitors, fleet.interval_s, born, now)
    _say("sums")
    await add_sums(pool, born, now)
    async with pool.acquire() as db:
        await add_outages(db, workspace, born, now)
    await pool.execute("vacuum analyze", timeout=900)


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr)


async def _size(pool: Pool) -> dict[str, Any]:
    row = await pool.fetchrow(
        "select count(*) as checks, (select count(*) from monitor) as monitors,"
        " (select count(*) from check_hourly) as hourly_sums,"
        " (select count(*) from check_daily) as daily_sums,"
        " (select count(*) from incident) as incidents,"
        " pg_size_pretty(pg_database_size(current_database())) as database from check_result",
        timeout=900,
    )
    assert row is not None
    intervals = await pool.fetch(
        "select (spec->>'interval_s')::int as seconds, count(*) from monitor group by 1 order by 1"
    )
    of_each = {f"every {one['seconds']} s": one["count"] for one in intervals}
    return {**dict(row), "checked": of_each}


async def _serve(options: argparse.Namespace) -> int:
    """Be the gateway."""
    settings = GatewaySettings(
        http=f"127.0.0.1:{options.port}", api_key=SecretStr(KEY),
        secret_key=SecretStr("a secret of the benchmark"), rate_limit=0,
    )  # fmt: skip
    stop = stop_event()
    async with open_pool(options.serve, size=10, application="gateway") as pool:
        resources = Resources(
            instance="bench", bus=LocalBus(), drain_s=1, _pool=pool, _cache=MemoryCache()
        )
        async with running(settings, resources):
            keep_what_is_here()
            await stop.wait()
    return 0


@asynccontextmanager
async def _gateway(dsn: str) -> AsyncIterator[str]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.reads", "--serve", dsn, "--port", str(port),
        stderr=asyncio.subprocess.DEVNULL if "QUIET" in os.environ else None,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _ask_everything(
    url: str, about: Callable[[], About], options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    found = {}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http:
        await _until_it_serves(http, url)
        for name, asking in QUESTIONS.items():
            for _ in range(WARM_UP):
                await _ask(http, url, asking(about()))
            found[name] = await _ask_many(http, url, asking, about, options)
    return found


async def _until_it_serves(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                return await _ask(http, url, [f"{API}/monitors?limit=1"])
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


async def _ask_many(
    http: aiohttp.ClientSession,
    url: str,
    asking: Asking,
    about: Callable[[], About],
    options: argparse.Namespace,
) -> dict[str, float]:
    took: list[float] = []

    async def client() -> None:
        while len(took) < options.requests:
            asked = asking(about())
            began = time.perf_counter()
            await _ask(http, url, asked)
            took.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(client() for _ in range(options.clients)))
    percentiles = quantiles(took, n=100)
    return {
        "p50": round(percentiles[49], 1),
        "p95": round(percentiles[94], 1),
        "p99": round(percentiles[98], 1),
    }


async def _ask(http: aiohttp.ClientSession, url: str, paths: list[str]) -> None:
    for path in paths:
        async with http.get(f"{url}{path}") as response:
            body = await response.read()
            if response.status != 200:
                raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")


def _table(report: dict[str, Any]) -> str:
    rows = ["| question | p50 ms | p95 ms | p99 ms |", "|---|---|---|---|"]
    rows += [
        f"| {name} | {one['p50']} | {one['p95']} | {one['p99']} |"
        for name, one in report["answers_ms"].items()
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
