"""A whole Vedette to be measured: embedded, or apart with one of each service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import aiohttp
import asyncpg
from tests.bench.field import sow
from tests.bench.usage import cpu_s, pss_mb
from tests.e2e.actor import Api
from tests.e2e.installation import Installation, running_installation

from vedette.store import embedded
from vedette.store.migrate import migrate
from vedette.testing.rabbitmq import running_rabbitmq
from vedette.testing.redis import running_redis
from vedette.testing.scratch import scratch
from vedette.testing.waiting import eventually

Mode = Literal["embedded", "apart"]
# The scheduler looks for changes that no event told it of every 30 s,
FOUND_WITHIN_S = 45
# and reads so many a second at least.
READ_PER_S = 1500
# A check is in the database so long after its slot, when nothing waits.
CAUGHT_UP_S = 3

_BEHIND = """
select exists (select from monitor_state
    where state = 'up' and last_vote < now() - make_interval(secs => $1))"""

_LATENESS = """
select count(*) as checks, count(*) filter (where outcome = 'missed') as missed,
    count(*) filter (where outcome = 'up') as up,
    percentile_disc(array[0.5, 0.99, 1]) within group (order by
        extract(epoch from started_at - c.slot)) filter (where started_at is not null) as late
from check_result c join monitor m on m.id = c.monitor_id
where c.slot >= to_timestamp($1) and c.slot < to_timestamp($2) and m.target like $3"""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How the slots of a while were kept."""

    checks: int
    missed: int
    up: int
    late_ms: Sequence[float]
    """Of start after slot: the median, the 99th percentile, the greatest."""


@dataclass(frozen=True, slots=True)
class System:
    """What runs. `servers` are the process ids of what it stands on."""

    mode: Mode
    installation: Installation
    dsn: str
    servers: Sequence[int]

    def roots(self) -> list[int]:
        """All processes' ids, or those of their ancestors."""
        services = self.installation.children.values()
        return [child.pid for children in services for child in children] + [*self.servers]

    async def first(self, url: str, **fields: Any) -> None:
        """Add a monitor over the API, after whose model others are sown, and wait for its check."""
        definition = {"name": "first", "kind": "http", "target": {"url": url}, **fields}
        await self.api("POST", "/monitors", definition)

        async def checked() -> bool:
            return bool(await self.ask("select count(*) from monitor_state where state = 'up'"))

        await eventually(checked, within=30, every=0.2, what="the first monitor was checked")

    async def api(self, method: str, path: str, body: Any) -> Any:
        """One call of the API."""
        async with aiohttp.ClientSession() as http:
            return await Api(http, self.installation.url)(method, path, body)

    async def sow(self, urls: Sequence[str], *, interval_s: int) -> None:
        """Add a monitor for each URL, and wait until none of them is late any more.

        What never gets so far is measured as it is.
        """
        ahead_s = FOUND_WITHIN_S + len(urls) / READ_PER_S
        await sow(self.dsn, urls, interval_s=interval_s, ahead_s=ahead_s)

        async def all_checked() -> bool:
            # The one that was there before is checked as well.
            checked = "select count(*) from monitor_state where last_check is not null"
            return bool(await self.ask(checked) > len(urls))

        async def on_time() -> bool:
            return not await self.ask(_BEHIND, interval_s + CAUGHT_UP_S)

        within = ahead_s + 2 * interval_s + 60
        await eventually(all_checked, within=within, every=1, what="all monitors were checked")
        await asyncio.sleep(interval_s)  # until the slots have come for which these left no time
        with suppress(AssertionError):
            await eventually(on_time, within=2 * interval_s, every=1)

    async def ask(self, query: str, *values: object) -> Any:
        """A figure from the database."""
        db = await asyncpg.connect(self.dsn)
        try:
            return await db.fetchval(query, *values)
        finally:
            await db.close()

    async def lateness(self, since: float, until: float, *, of: str = "%") -> Lateness:
        """Of all slots in this while (Unix s) of targets that are like `of`."""
        db = await asyncpg.connect(self.dsn)
        try:
            row = await db.fetchrow(_LATENESS, since, until, of)
        finally:
            await db.close()
        assert row is not None
        late = [round(float(value) * 1000, 1) for value in row["late"] or ()]
        return Lateness(row["checks"], row["missed"], row["up"], late)


class Meter:
    """CPU and time since it was made."""

    def __init__(self, roots: Sequence[int]) -> None:
        self.began = time.time()
        self._roots = roots
        self._cpu = cpu_s(roots)

    @property
    def cpu_s(self) -> float:
        """CPU seconds."""
        return cpu_s(self._roots) - self._cpu

    @property
    def seconds(self) -> float:
        """Time."""
        return time.time() - self.began

    def pss_mb(self) -> float:
        """Memory now."""
        return pss_mb(self._roots)


@asynccontextmanager
async def running_system(mode: Mode, settings: dict[str, str]) -> AsyncIterator[System]:
    """A Vedette that may check targets on the loopback; all of it gone at the end."""
    async with AsyncExitStack() as stack:
        servers: list[int] = []
        if mode == "apart":
            settings = settings | await _servers(stack, servers)
        installation = await stack.enter_async_context(
            running_installation(mode, {"VEDETTE_PROBER_FORBIDDEN": "none", **settings}, replicas=1)
        )
        if mode == "embedded":
            folder = Path(installation.environment["VEDETTE_DATA_DIR"]) / "postgresql"
            servers.append(_postmaster(folder))
            dsn = f"postgresql://vedette@/vedette?host={quote(str(folder / 'socket'))}"
        else:
            dsn = settings["VEDETTE_DATABASE_URL"]
        yield System(mode, installation, dsn, servers)


async def _servers(stack: AsyncExitStack, pids: list[int]) -> dict[str, str]:
    """PostgreSQL as `vedette up` sets it, which loses nothing; RabbitMQ and Redis."""
    folder = stack.enter_context(scratch("bench"))
    dsn = await stack.enter_async_context(embedded.running_postgres(folder / "postgresql"))
    await migrate(dsn)
    broker = await stack.enter_async_context(running_rabbitmq(folder / "rabbitmq"))
    redis = await stack.enter_async_context(running_redis(folder / "redis"))
    pids += [_postmaster(folder / "postgresql"), broker.pid, redis.pid]
    return {
        "VEDETTE_DATABASE_URL": dsn,
        "VEDETTE_AMQP_URL": broker.url,
        "VEDETTE_REDIS_URL": redis.url,
    }


def _postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])
