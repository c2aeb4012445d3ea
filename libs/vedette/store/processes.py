"""Which processes live: each with a database says so itself, and how its clock goes."""

import time
from dataclasses import dataclass

from prometheus_client import Gauge

from vedette.store.clock import clock
from vedette.store.pool import Connection

TELL_S = 10
"""Seconds between two words of a process."""
GONE_S = 30
"""A process that was not heard of for so many seconds is gone."""

skew = Gauge(
    "vedette_clock_skew_seconds",
    "This process's clock less the database's, true to within half a round trip.",
)


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it tells of itself. `address` is where it answers /metrics."""

    instance: str
    service: str
    version: str
    address: str


async def tell(db: Connection, process: Process) -> None:
    """Say that it lives."""
    clock_ms, error_ms = await clock_against(db)
    skew.set(clock_ms / 1000)
    await db.execute(
        "insert into process as p (instance, service, version, address, clock_ms, clock_error_ms)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (instance) do update set"
        " service = excluded.service, version = excluded.version, address = excluded.address,"
        " clock_ms = excluded.clock_ms, clock_error_ms = excluded.clock_error_ms, seen_at = now()",
        process.instance,
        process.service,
        process.version,
        process.address,
        clock_ms,
        error_ms,
    )


async def leave(db: Connection, instance: str) -> None:
    """Say that it ends; and forget those that could not say so, after an hour."""
    await db.execute(
        "delete from process where instance = $1 or seen_at < now() - interval '1 hour'", instance
    )


async def clock_against(db: Connection) -> tuple[float, float]:
    """Our clock less the database's, and how far that may be off, both in ms.

    From then on `clock` goes by the database's.
    """
    before, asked = time.time(), time.monotonic()
    theirs: float = await db.fetchval("select extract(epoch from clock_timestamp())::float8")
    after = time.time()
    clock.set(theirs, asked=asked)
    return ((before + after) / 2 - theirs) * 1000, (after - before) / 2 * 1000
