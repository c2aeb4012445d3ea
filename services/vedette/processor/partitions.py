"""Tables in partitions by time: made ahead, dropped when their time is over, nobody held up.

Both need a lock that waits for everybody and that everybody waits for. So it is asked for again
and again for a moment only, each time in a transaction of its own that does nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

import asyncpg
import structlog

from vedette.store.pool import Connection, Pool, connection, transaction

_LOCK = 8_333_884
_PATIENCE = "200ms"
_TRIES = 10
_PAUSE_S = 0.3

log = structlog.get_logger()


class Unit(Enum):
    """How much time a partition holds, and how its table's name tells which."""

    DAY = "%Y%m%d"
    MONTH = "%Y%m"
    YEAR = "%Y"


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table in partitions. What belongs to none of them is in the one named `_other`."""

    table: str
    unit: Unit
    column: str = "at"

    @property
    def other(self) -> str:
        """Where rows are for whose time there is no partition."""
        return f"{self.table}_other"

    def name(self, at: datetime) -> str:
        """The partition that an instant belongs to."""
        return f"{self.table}_{at.astimezone(UTC):{self.unit.value}}"

    def start(self, at: datetime) -> datetime:
        """When the partition begins that an instant belongs to."""
        day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match self.unit:
            case Unit.DAY:
                return day
            case Unit.MONTH:
                return day.replace(day=1)
            case Unit.YEAR:
                return day.replace(month=1, day=1)

    def following(self, start: datetime) -> datetime:
        """When the partition after the one with this start begins."""
        longest = {Unit.DAY: 1, Unit.MONTH: 31, Unit.YEAR: 366}[self.unit]
        return self.start(start + timedelta(days=longest))

    def begins(self, name: str) -> datetime:
        """When a partition begins, by its name."""
        at = datetime.strptime(name.removeprefix(f"{self.table}_"), self.unit.value)
        return at.replace(tzinfo=UTC)


CHECKS = Partitioned("check_result", Unit.DAY, "slot")
HOURLY = Partitioned("check_hourly", Unit.MONTH)
DAILY = Partitioned("check_daily", Unit.YEAR)


async def make(pool: Pool, parted: Partitioned, *, since: datetime, until: datetime) -> None:
    """See to it that there is a partition for every instant from `since` to `until`."""
    async with connection(pool) as db:
        there = set(await names(db, parted))
    start = parted.start(since)
    while start <= until:
        if parted.name(start) not in there:
            await _soon(pool, parted.name(start), _maker(parted, start))
        start = parted.following(start)


async def drop(pool: Pool, parted: Partitioned, *, before: datetime) -> None:
    """Drop the partitions that ended before an instant, or with it."""
    async with connection(pool) as db:
        there = await names(db, parted)
    for name in there:
        if parted.following(parted.begins(name)) > before:
            continue
        if await _soon(pool, name, _detacher(parted, name)):
            async with transaction(pool) as db:
                await db.execute(f"drop table if exists {name}")
            log.info("dropped what is past its retention", partition=name)


async def names(db: Connection, parted: Partitioned) -> list[str]:
    """The partitions, oldest first, with those that are detached but not dropped yet."""
    rows = await db.fetch(
        "select c.relname from pg_class c join pg_class p on p.oid = $1::text::regclass"
        " where c.relnamespace = p.relnamespace and c.relkind = 'r' and c.relname ~ $2"
        " order by c.relname",
        parted.table,
        f"^{parted.table}_[0-9]+$",
    )
    return [row["relname"] for row in rows]


def _maker(parted: Partitioned, start: datetime) -> Callable[[Connection], Awaitable[None]]:
    """Make a partition, of which some rows may be in the default one already."""

    async def change(db: Connection) -> None:
        name, end = parted.name(start), parted.following(start)
        if name in await names(db, parted):
            return
        within = (
            f"{parted.column} >= '{start.isoformat()}' and {parted.column} < '{end.isoformat()}'"
        )
        # Who writes must not be on the way into the default partition meanwhile.
        await db.execute(f"lock table only {parted.table} in share row exclusive mode")
        await db.execute(f"lock table {parted.other} in access exclusive mode")
        await db.execute(f"create table {name} (like {parted.table} including defaults)")
        await db.execute(
            f"with moved as (delete from {parted.other} where {within} returning *)"  # noqa: S608  (names of ours)
            f" insert into {name} select * from moved"
        )
        await db.execute(
            f"alter table {parted.table} attach partition {name}"
            f" for values from ('{start.isoformat()}') to ('{end.isoformat()}')"
        )

    return change


def _detacher(parted: Partitioned, name: str) -> Callable[[Connection], Awaitable[None]]:
    """Take a partition out, if it is in still. (Not concurrently: there is a default one.)"""

    async def change(db: Connection) -> None:
        attached = await db.fetchval(
            "select exists (select from pg_inherits where inhrelid = to_regclass($1))", name
        )
        if attached:
            await db.execute(f"alter table {parted.table} detach partition {name}")

    return change


async def _soon(pool: Pool, name: str, change: Callable[[Connection], Awaitable[None]]) -> bool:
    """Make a change as soon as its lock is to be had; says whether it was, before giving up."""
    for attempt in range(_TRIES):
        await asyncio.sleep(_PAUSE_S if attempt else 0)
        try:
            async with transaction(pool) as db:
                await db.execute("select pg_advisory_xact_lock($1)", _LOCK)
                await db.execute(f"set local lock_timeout = '{_PATIENCE}'")
                await change(db)
        except asyncpg.LockNotAvailableError:
            continue
        return True
    log.warning("a partition is in use; the next round tries again", partition=name)
    return False
