"""Keeping the storage in shape: a partition a day, made ahead, dropped when its time is over."""

from datetime import UTC, datetime, timedelta

import structlog

from vedette.core.instants import to_ms
from vedette.processor import probers
from vedette.processor.expiring import forget_ended
from vedette.processor.passive.store import PassiveStore
from vedette.processor.settings import ProcessorSettings
from vedette.store import inbox
from vedette.store.pool import Connection, Pool, transaction

AHEAD_DAYS = 7
_LOCK = 8_333_884
_PREFIX = "check_result_"

log = structlog.get_logger()


async def keep_up(pool: Pool, settings: ProcessorSettings, *, now: datetime) -> None:
    """Make the coming days' partitions, drop what retention has let go. Harmless to repeat."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with transaction(pool) as db:
        await db.execute("select pg_advisory_xact_lock($1)", _LOCK)
        there = await _partitions(db)
        for number in range(-1, AHEAD_DAYS + 1):
            day = today + timedelta(days=number)
            if _name(day) not in there:
                await _make(db, day)
        oldest = today - timedelta(days=settings.retention_days)
        for name in there:
            if name < _name(oldest):
                await db.execute(f"drop table {name}")
                log.info("dropped checks past their retention", partition=name)
        evidence_from = today - timedelta(days=settings.evidence_retention_days)
        await db.execute("delete from check_evidence where slot < $1", evidence_from)
        await PassiveStore(db).forget_reports(older_than_ms=to_ms(evidence_from))
        await forget_ended(db)
        await inbox.forget_old(db)
        await probers.forget_old(db)


async def _partitions(db: Connection) -> list[str]:
    rows = await db.fetch(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'check_result'::regclass and c.relname ~ '^check_result_[0-9]{8}$'"
    )
    return [row["relname"] for row in rows]


async def _make(db: Connection, day: datetime) -> None:
    end = day + timedelta(days=1)
    await db.execute(
        f"create table {_name(day)} partition of check_result"
        f" for values from ('{day.isoformat()}') to ('{end.isoformat()}')"
    )


def _name(day: datetime) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"
