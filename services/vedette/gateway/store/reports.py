"""Reports of monitors that are told how their target is, and since when gateways listen for them.

The processor reads what is written here; a NOTIFY wakes it.
"""

from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from vedette.core.instants import to_datetime
from vedette.core.reporting import Report
from vedette.store.pool import Connection
from vedette.store.waking import REPORTS

# A shorter absence (a restart) is bridged by whoever tries again, as who reports should.
GONE_S = 10.0
_LAST = 2**63 - 1


async def by_token(db: Connection, kind: str, token: str) -> Record | None:
    """The monitor of a kind that a token belongs to."""
    return await db.fetchrow(
        "select m.id, m.paused from passive_monitor p join monitor m on m.id = p.monitor_id"
        " where p.token = $2 and m.spec->>'kind' = $1 and m.deleted_at is null",
        kind,
        token,
    )


async def begin(db: Connection, monitor: UUID, token: str | None) -> None:
    """Have a new monitor looked after."""
    await db.execute(
        "insert into passive_monitor (monitor_id, token, wake_at) values ($1, $2, '-infinity')",
        monitor,
        token,
    )
    await db.execute(f"notify {REPORTS}")


async def wake(db: Connection, monitor: UUID) -> None:
    """Have a monitor looked at, if it is one that is told how its target is."""
    await db.execute(
        "update passive_monitor set wake_at = '-infinity' where monitor_id = $1", monitor
    )
    await db.execute(f"notify {REPORTS}")


@dataclass(frozen=True, slots=True)
class Whence:
    """How a report came, for people to see."""

    method: str
    source: str | None
    agent: str | None


async def put(
    db: Connection, monitor: UUID, report: Report, whence: Whence, body: bytes | None = None
) -> None:
    """Keep a report; the processor takes it in once the transaction commits."""
    # The row is locked first, so that reports of one monitor get their ids in the order in which
    # they become visible: none is passed over.
    await wake(db, monitor)
    await db.execute(
        "insert into report (monitor_id, at, signal, run, exit_status, message, duration_ms,"
        " method, source, agent, body) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        monitor,
        to_datetime(report.at),
        report.signal,
        report.run,
        report.exit_status,
        report.message,
        report.duration_ms,
        whence.method,
        whence.source,
        whence.agent,
        body,
    )


async def page(db: Connection, monitor: UUID, *, before: int | None, limit: int) -> list[Record]:
    """The reports of a monitor, newest first."""
    return await db.fetch(
        "select id, at, signal, run, exit_status, message, duration_ms, method, source, agent,"
        " body from report where monitor_id = $1 and id < $2 order by id desc limit $3",
        monitor,
        _LAST if before is None else before,
        limit,
    )


async def listen(db: Connection, instance: str) -> None:
    """Say that this gateway listens. If none did until now, listening begins anew."""
    await db.execute(
        "with others as (select from gateway_instance"
        " where id <> $1 and abs(extract(epoch from now() - seen_at))::float8 < $2),"
        " mine as (select from gateway_instance"
        " where id = $1 and abs(extract(epoch from now() - seen_at))::float8 < $2),"
        " anew as (update listening set since = now()"
        " where not exists (select from others) and not exists (select from mine))"
        " insert into gateway_instance (id, seen_at) values ($1, now())"
        " on conflict (id) do update set seen_at = now()",
        instance,
        GONE_S,
    )


async def forget_gateways(db: Connection) -> None:
    """Forget gateways that are long gone."""
    await db.execute("delete from gateway_instance where seen_at < now() - interval '1 hour'")
