"""The database server: its schema, its room, and what holds it up."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from vedette.core.wellness import Finding, Level
from vedette.store.migrate import history
from vedette.store.pool import Connection
from vedette.store.processes import clock_against

_CONNECT_S, _QUERY_S = 5, 30
_GIB = 1024**3
_CONNECTIONS_WARN, _CONNECTIONS_BAD = 0.8, 0.95
_ROOM_WARN, _ROOM_BAD = 2 * _GIB, _GIB // 4
_LONG_WARN_S, _LONG_BAD_S = 60, 600
_WRAPAROUND_WARN, _WRAPAROUND_BAD = 500_000_000, 1_500_000_000
_DEAD_LEAST, _DEAD_SHARE = 10_000, 1.0

_LONG = """
select extract(epoch from now() - xact_start)::float8 as age, pid, application_name, state
from pg_stat_activity where xact_start is not null and state <> 'idle'
    and pid <> pg_backend_pid() and backend_type = 'client backend' and datname = current_database()
order by xact_start limit 1"""
_CONNECTIONS = """
select count(*) as used, current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int as most
from pg_stat_activity where backend_type = 'client backend'"""
_BLOAT = """
select relname, n_live_tup as live, n_dead_tup as dead,
    extract(epoch from now() - greatest(last_autovacuum, last_vacuum))::float8 as vacuumed
from pg_stat_user_tables where n_dead_tup > $1 and n_dead_tup > n_live_tup * $2::float8
order by n_dead_tup desc"""


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """A connection of our own, one question at a time. Raises OSError and asyncpg's errors."""
    db = await asyncpg.connect(
        dsn,
        timeout=_CONNECT_S,
        command_timeout=_QUERY_S,
        server_settings={"application_name": "vedette-doctor", "timezone": "UTC", "jit": "off"},
    )
    try:
        await db.set_type_codec("jsonb", schema="pg_catalog", encoder=_dumps, decoder=orjson.loads)
        yield db
    finally:
        await db.close(timeout=_CONNECT_S)


async def examine(db: Connection, embedded: Path | None) -> list[Finding]:
    """Whether the server is fit."""
    return [
        await _server(db, embedded),
        await _connections(db),
        await _size(db, embedded),
        await _transactions(db),
        await _vacuum(db),
        await _wraparound(db),
    ]


async def schema(db: Connection) -> Finding:
    """Whether the schema is the one that this version expects."""
    known = await asyncio.to_thread(history)
    there = await db.fetchval("select to_regclass('alembic_version') is not null")
    at = await db.fetchval("select version_num from alembic_version") if there else None
    if at == known[0]:
        return Finding("schema", Level.OK, f"at {at}, the newest")
    if at is None or at in known:
        return Finding(
            "schema",
            Level.BAD,
            f"at {at or 'nothing'}, this version needs {known[0]}",
            "Run `vedette migrate` with VEDETTE_DATABASE_URL (`vedette up` does it by itself).",
        )
    return Finding(
        "schema",
        Level.WARN,
        f"at {at}, newer than this version's {known[0]}",
        "Run the doctor of the newest version that is running.",
    )


async def _server(db: Connection, embedded: Path | None) -> Finding:
    version = await db.fetchval("show server_version")
    clock_ms, error_ms = await clock_against(db)
    where = "apart" if embedded is None else f"embedded, in {embedded}"
    words = f"PostgreSQL {version}, {where}; its clock is {-clock_ms / 1000:+.3f} s from ours here"
    if abs(clock_ms) - error_ms > 1000:
        return Finding("server", Level.WARN, words, "Let NTP keep both machines' clocks.")
    return Finding("server", Level.OK, words)


async def _connections(db: Connection) -> Finding:
    row: Any = await db.fetchrow(_CONNECTIONS)
    used, most = row["used"], row["most"]
    level = _level(used / max(most, 1), _CONNECTIONS_WARN, _CONNECTIONS_BAD)
    return Finding(
        "connections",
        level,
        f"{used} of {most} used",
        None
        if level is Level.OK
        else "Raise max_connections, lower VEDETTE_DATABASE_POOL, or put PgBouncer (session mode)"
        " between.",
    )


async def _size(db: Connection, embedded: Path | None) -> Finding:
    size = await db.fetchval("select pg_database_size(current_database())")
    words = f"{_bytes(size)}"
    if embedded is None:
        return Finding("disk", Level.OK, f"{words}; how much room is left only its machine knows")
    free = shutil.disk_usage(embedded).free
    level = _level(-free, -_ROOM_WARN, -_ROOM_BAD)
    return Finding(
        "disk",
        level,
        f"{words}, {_bytes(free)} free",
        None
        if level is Level.OK
        else "Make room, or keep checks for fewer days (VEDETTE_RETENTION_DAYS).",
    )


async def _transactions(db: Connection) -> Finding:
    row = await db.fetchrow(_LONG)
    if row is None or row["age"] is None or row["age"] < _LONG_WARN_S:
        return Finding("transactions", Level.OK, "none is long")
    who = row["application_name"] or "a program without a name"
    return Finding(
        "transactions",
        _level(row["age"], _LONG_WARN_S, _LONG_BAD_S),
        f"{who} (pid {row['pid']}, {row['state']}) has had one open for {row['age']:.0f} s",
        f"End it, if nobody needs it: select pg_terminate_backend({row['pid']}); while it is open"
        " nothing is vacuumed.",
    )


async def _vacuum(db: Connection) -> Finding:
    rows = await db.fetch(_BLOAT, _DEAD_LEAST, _DEAD_SHARE)
    if not rows:
        return Finding("vacuum", Level.OK, "keeps up")
    worst = rows[0]
    ago = "never" if worst["vacuumed"] is None else f"{worst['vacuumed']:.0f} s ago"
    return Finding(
        "vacuum",
        Level.WARN,
        f"{len(rows)} tables hold more dead rows than living, most {worst['relname']}:"
        f" {worst['dead']} to {worst['live']}, vacuumed {ago}",
        f"Run `vacuum {worst['relname']}`, and see that autovacuum is on and no transaction long.",
    )


async def _wraparound(db: Connection) -> Finding:
    age = await db.fetchval(
        "select age(datfrozenxid) from pg_database where datname = current_database()"
    )
    level = _level(age, _WRAPAROUND_WARN, _WRAPAROUND_BAD)
    return Finding(
        "freezing",
        level,
        f"the oldest transaction is {age} ago",
        None if level is Level.OK else "Run `vacuum freeze` before it reaches 2 billion.",
    )


def _bytes(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / 1024**2:.0f} MiB"


def _level(value: float, warn: float, bad: float) -> Level:
    if value > bad:
        return Level.BAD
    return Level.WARN if value > warn else Level.OK


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()
