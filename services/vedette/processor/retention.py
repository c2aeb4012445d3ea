"""Deleting what is past its retention, which a workspace or a tag may set.

Days of checks that nobody keeps any more are dropped whole. Where others are kept longer, a
monitor's checks are deleted from their day; the same goes for evidence, whose tables hold all days.
Everything is deleted in small transactions, and for some seconds a round at most.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from vedette.processor.partitions import CHECKS, names
from vedette.processor.settings import ProcessorSettings
from vedette.store.pool import Connection, Pool, connection, transaction

DAY = timedelta(days=1)
_ROUND_S = 20.0
_ROWS = 5000
_MONITORS = 200
_LOCK = 8_333_887

# How many days a monitor's checks ($1: checks_days) are kept, where $2 holds if nothing else does.
_DAYS = (
    "select m.id, coalesce("
    "(select max((r.spec->'tags'->tag->>$1)::int)"
    " from jsonb_array_elements_text(m.spec->'tags') tag),"
    " (r.spec->>$1)::int, $2) as days"
    " from monitor m left join retention r on r.workspace_id = m.workspace_id"
)


async def longest(db: Connection, default: int) -> int:
    """The days that checks are kept by whoever keeps them longest."""
    days: int = await db.fetchval(
        "select greatest($1, max((spec->>'checks_days')::int),"
        " max((tag->>'checks_days')::int)) from retention"
        " left join lateral jsonb_each(spec->'tags') as each (name, tag) on true",
        default,
    )
    return days


async def prune(pool: Pool, settings: ProcessorSettings, *, today: datetime) -> None:
    """Delete what is past its retention, for some seconds. `today` is when the day began, UTC."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _ROUND_S

    def in_time() -> bool:
        return loop.time() < end

    while await _prune_other(pool, settings, today) and in_time():
        pass
    async with connection(pool) as db:
        alike = not await db.fetchval("select exists (select from retention)")
    if alike:
        while await _prune_old_evidence(pool, settings, today) and in_time():
            pass
        return
    while await _prune_evidence(pool, settings, today) and in_time():
        pass
    while await _prune_checks(pool, settings, today, in_time) and in_time():
        pass


async def _prune_old_evidence(pool: Pool, settings: ProcessorSettings, today: datetime) -> bool:
    """Evidence where the same holds for all."""
    async with _turn(pool) as db:
        done = await db.execute(
            "delete from check_evidence where ctid = any(array("
            " select ctid from check_evidence where slot < $1 order by slot limit $2))",
            today - settings.evidence_retention_days * DAY,
            _ROWS,
        )
    return _rows(done) == _ROWS


async def _prune_evidence(pool: Pool, settings: ProcessorSettings, today: datetime) -> bool:
    async with _turn(pool) as db:
        done = await db.execute(
            "delete from check_evidence where ctid = any(array("  # noqa: S608
            f" select e.ctid from ({_DAYS}) kept join check_evidence e"
            "  on e.monitor_id = kept.id"
            "  and e.slot < $3::timestamptz - make_interval(days => kept.days)"
            " limit $4))",
            "evidence_days",
            settings.evidence_retention_days,
            today,
            _ROWS,
        )
    return _rows(done) == _ROWS


async def _prune_other(pool: Pool, settings: ProcessorSettings, today: datetime) -> bool:
    """Checks of days that never had a partition."""
    async with _turn(pool) as db:
        done = await db.execute(
            f"delete from {CHECKS.other} where ctid = any(array("  # noqa: S608
            f" select ctid from {CHECKS.other} where slot < $1 limit $2))",
            today - await longest(db, settings.retention_days) * DAY,
            _ROWS,
        )
    return _rows(done) == _ROWS


async def _prune_checks(
    pool: Pool, settings: ProcessorSettings, today: datetime, in_time: Callable[[], bool]
) -> bool:
    """Checks of some monitors that are kept shorter than others'; says whether more are left."""
    async with connection(pool) as db:
        due = await db.fetch(
            f"select id, days, through from ({_DAYS}) kept"  # noqa: S608
            " left join check_pruned p on p.monitor_id = kept.id"
            " where days < $3 and (through is null"
            "  or through < $4::timestamptz - make_interval(days => days))"
            " order by id limit $5",
            "checks_days",
            settings.retention_days,
            await longest(db, settings.retention_days),
            today,
            _MONITORS,
        )
        days = [CHECKS.begins(name) for name in await names(db, CHECKS)]
    until = {row["id"]: today - row["days"] * DAY for row in due}
    since = {row["id"]: row["through"] or datetime.min.replace(tzinfo=today.tzinfo) for row in due}
    for day in days:
        ids = [id for id in until if since[id] <= day < until[id]]
        while ids and await _prune_day(pool, ids, day):
            if not in_time():
                return True
    async with transaction(pool) as db:
        await db.execute(
            "insert into check_pruned (monitor_id, through)"
            " select * from unnest($1::uuid[], $2::timestamptz[])"
            " on conflict (monitor_id) do update set through = excluded.through",
            list(until.keys()),
            list(until.values()),
        )
    return len(due) == _MONITORS


async def _prune_day(pool: Pool, monitors: list[UUID], day: datetime) -> bool:
    """Some checks of a day, which is one partition; says whether more may be left."""
    async with _turn(pool) as db:
        done = await db.execute(
            "delete from check_result where slot >= $2 and slot < $3 and ctid = any(array("
            " select ctid from check_result where monitor_id = any($1::uuid[])"
            " and slot >= $2 and slot < $3 limit $4))",
            monitors,
            day,
            day + DAY,
            _ROWS,
        )
    return _rows(done) == _ROWS


@asynccontextmanager
async def _turn(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction, one at a time: two that pick the same rows would each find too few."""
    async with transaction(pool) as db:
        await db.execute("select pg_advisory_xact_lock($1)", _LOCK)
        yield db


def _rows(done: str) -> int:
    """How many rows a command says it changed: `DELETE 5`."""
    return int(done.rpartition(" ")[2])
