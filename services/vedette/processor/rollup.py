"""Rolling checks up by the hour once the hour is over, and hours by the day.

A rollup is computed from what it sums up, never added to: it may be computed again at any time, by
whichever processor comes first. The work is cut into steps of some hundred monitors, each one
transaction that also notes how far it got.

No check is left out: one that comes later than a minute after its hour is noted down in the
transaction that stores it (`note_late`), and its hour is computed again. All others were stored in
a transaction that began before that, which is over when the hour is first rolled up, GRACE later.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from vedette.core.instants import to_datetime
from vedette.core.result import Result
from vedette.processor.partitions import DAILY, HOURLY, Partitioned, make
from vedette.store.pool import Connection, Pool, transaction
from vedette.store.rollups import COLUMNS, OUTCOMES, TABLES, Grain, merged, summed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRACE = timedelta(minutes=5)
_LATE_MS = 60_000
_HOUR_MS = 3_600_000
_AT_ONCE = 300
_ROUND_S = 10.0
_LOCK = 8_333_886
_FIRST = UUID(int=0)
_LENGTH: dict[Grain, timedelta] = {"hour": HOUR, "day": DAY}
_PARTED: dict[Grain, Partitioned] = {"hour": HOURLY, "day": DAILY}

Pair = tuple[UUID, datetime]
"""A monitor, and the hour or the day."""

log = structlog.get_logger()

_UPSERT = (
    " on conflict (monitor_id, at, region) do update set total_ms = excluded.total_ms,"
    " buckets = excluded.buckets, counts = excluded.counts, "
    + ", ".join(f"{name} = excluded.{name}" for name in OUTCOMES)
    # Fewer than before means that some were deleted since, with their retention.
    + " where "
    + " + ".join(f"excluded.{name}" for name in OUTCOMES)
    + " >= "
    + " + ".join(f"r.{name}" for name in OUTCOMES)
)


def closed_until(now: int) -> int:
    """Checks of slots before this come late, if they come now. All Unix ms."""
    return (now - _LATE_MS) // _HOUR_MS * _HOUR_MS


async def note_late(db: Connection, results: Iterable[Result], now: int) -> None:
    """Note which of the checks that are stored in this transaction came late. `now` is Unix ms."""
    closed = closed_until(now)
    late = {(one.monitor_id, one.slot // _HOUR_MS) for one in results if one.slot < closed}
    if late:
        await db.execute(
            "insert into rollup_late (monitor_id, hour)"
            " select m, h from unnest($1::uuid[], $2::timestamptz[]) as u (m, h)",
            [monitor for monitor, _ in late],
            [to_datetime(hour * _HOUR_MS) for _, hour in late],
        )


async def roll_up(pool: Pool, *, now: datetime, oldest: datetime) -> None:
    """Do what is to be done, for some seconds at most. Nothing before `oldest` is looked at."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _ROUND_S
    await _begin(pool, now, oldest)
    await _cover(pool, oldest, now)
    for step in (_again, _next_hours, _next_days):
        while await step(pool, now) and loop.time() < end:
            pass


async def _begin(pool: Pool, now: datetime, oldest: datetime) -> None:
    """Where there is no progress yet: begin with the first monitor's first day."""
    async with transaction(pool) as db:
        if await db.fetchval("select count(*) from rollup_progress") == len(TABLES):
            return
        first = await db.fetchval("select min(created_at) from monitor")
        start = max(first or now, oldest).replace(hour=0, minute=0, second=0, microsecond=0)
        await db.execute(
            "insert into rollup_progress (grain, through, monitor_id)"
            " select grain, $2, $3 from unnest($1::text[]) as grain on conflict do nothing",
            list(TABLES),
            start,
            _FIRST,
        )


async def _again(pool: Pool, _now: datetime) -> bool:
    """Compute again what got late checks; says whether more may be left."""
    async with transaction(pool) as db:
        if not await _our_turn(db):
            return False
        rows = await db.fetch(
            "delete from rollup_late where id in (select id from rollup_late order by id limit $1)"
            " returning monitor_id, hour",
            _AT_ONCE,
        )
        hours = {(row["monitor_id"], row["hour"]) for row in rows}
        await _compute_hours(db, sorted(hours))
        days = {(monitor, at.replace(hour=0)) for monitor, at in hours}
        await _compute_days(db, sorted(days))
    return len(rows) == _AT_ONCE


async def _next_hours(pool: Pool, now: datetime) -> bool:
    """The next monitors of the next hour that is over; says whether there was any."""
    async with transaction(pool) as db:
        if not await _our_turn(db):
            return False
        at, pairs = await _due(db, "hour", over_by=now - GRACE)
        if at is not None:
            await _compute_hours(db, pairs)
            await _advance(db, "hour", at, pairs)
    return at is not None


async def _next_days(pool: Pool, _now: datetime) -> bool:
    """The next monitors of the next day of which every hour is rolled up."""
    async with transaction(pool) as db:
        if not await _our_turn(db):
            return False
        hours = await db.fetchval("select through from rollup_progress where grain = 'hour'")
        at, pairs = await _due(db, "day", over_by=hours)
        if at is not None:
            await _compute_days(db, pairs)
            await _advance(db, "day", at, pairs)
    return at is not None


async def _our_turn(db: Connection) -> bool:
    taken: bool = await db.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK)
    return taken


async def _due(
    db: Connection, grain: Grain, *, over_by: datetime
) -> tuple[datetime | None, list[Pair]]:
    """What begins next, if it is over by then, and the next monitors of it."""
    row = await db.fetchrow(
        "select through, monitor_id from rollup_progress where grain = $1", grain
    )
    if row is None or row["through"] + _LENGTH[grain] > over_by:
        return None, []
    monitors = await db.fetch(
        "select id from monitor where id > $1 and (deleted_at is null or deleted_at > $2)"
        " order by id limit $3",
        row["monitor_id"],
        row["through"] - DAY,
        _AT_ONCE,
    )
    return row["through"], [(monitor["id"], row["through"]) for monitor in monitors]


async def _advance(db: Connection, grain: Grain, at: datetime, done: Sequence[Pair]) -> None:
    more = len(done) == _AT_ONCE
    await db.execute(
        "update rollup_progress set through = $2, monitor_id = $3 where grain = $1",
        grain,
        at if more else at + _LENGTH[grain],
        done[-1][0] if more else _FIRST,
    )


async def _compute_hours(db: Connection, pairs: Sequence[Pair]) -> None:
    checks = (
        "select c.* from unnest($1::uuid[], $2::timestamptz[]) as w (monitor, since)"
        " join check_result c on c.monitor_id = w.monitor and c.slot >= w.since"
        " and c.slot < w.since + interval '1 hour'"
        # The same once more, so that only these days' partitions are opened.
        " and c.slot >= $3 and c.slot < $4"
    )
    await _upsert(db, "hour", summed(checks), pairs)


async def _compute_days(db: Connection, pairs: Sequence[Pair]) -> None:
    hours = (
        "select h.* from unnest($1::uuid[], $2::timestamptz[]) as w (monitor, since)"
        " join check_hourly h on h.monitor_id = w.monitor and h.at >= w.since"
        " and h.at < w.since + interval '1 day' and h.at >= $3 and h.at < $4"
    )
    await _upsert(db, "day", merged(hours), pairs)


async def _upsert(db: Connection, grain: Grain, rows: str, pairs: Sequence[Pair]) -> None:
    if not pairs:
        return
    instants = [at for _, at in pairs]
    await db.execute(
        f"insert into {TABLES[grain]} as r ({COLUMNS}) {rows}{_UPSERT}",
        [monitor for monitor, _ in pairs],
        instants,
        min(instants),
        max(instants) + _LENGTH[grain],
    )


async def _cover(pool: Pool, oldest: datetime, now: datetime) -> None:
    """Have partitions for what is to be written."""
    async with transaction(pool) as db:
        since = await db.fetchval("select min(through) from rollup_progress")
    for grain in TABLES:
        await make(pool, _PARTED[grain], since=max(since, oldest), until=now + DAY)
