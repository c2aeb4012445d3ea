"""Keeping the storage in shape: partitions made ahead, what is past its retention let go."""

from datetime import UTC, datetime, timedelta

import structlog

from vedette.core.instants import to_ms
from vedette.processor import leaps, probers, roundstore
from vedette.processor.expiring import forget_ended
from vedette.processor.partitions import CHECKS, DAILY, HOURLY, drop, make
from vedette.processor.passive.store import PassiveStore
from vedette.processor.regions.store import forget_old_notices
from vedette.processor.retention import longest, prune
from vedette.processor.rollup import roll_up
from vedette.processor.settings import ProcessorSettings
from vedette.store import dead, inbox, published
from vedette.store.pool import Pool, connection, transaction

AHEAD_DAYS = 7
log = structlog.get_logger()


async def keep_up(pool: Pool, settings: ProcessorSettings, *, now: datetime) -> None:
    """Make the coming days' partitions, drop what retention has let go. Harmless to repeat."""
    today, past = _day(now), _day(await _reckoned(pool, now))
    await make(
        pool, CHECKS, since=today - timedelta(days=1), until=today + timedelta(days=AHEAD_DAYS)
    )
    async with connection(pool) as db:
        if (leap := await leaps.waiting(db, now)) is not None:
            log.error(leap.words, advice=leaps.ADVICE)
        checks_days = await longest(db, settings.retention_days)
    for parted, days in (
        (CHECKS, checks_days),
        (HOURLY, settings.hourly_retention_days),
        (DAILY, settings.daily_retention_days),
    ):
        await drop(pool, parted, before=past - timedelta(days=days))
    reports_from = past - timedelta(days=settings.evidence_retention_days)
    async with transaction(pool) as db:
        await PassiveStore(db).forget_reports(older_than_ms=to_ms(reports_from))
        await forget_ended(db)
        await inbox.forget_old(db)
        events_from = past - timedelta(days=settings.events_retention_days)
        await published.forget_old(db, before=events_from)
        await dead.forget_old(db, before=past - timedelta(days=settings.dead_retention_days))
        await probers.forget_old(db)
        await roundstore.forget_old(db)
        await forget_old_notices(db)


async def sum_up(pool: Pool, settings: ProcessorSettings, *, now: datetime) -> None:
    """Roll up what can be rolled up by now. Harmless to repeat."""
    async with connection(pool) as db:
        days = await longest(db, settings.retention_days)
    await roll_up(pool, now=now, oldest=_day(now) - timedelta(days=days))


async def let_go(pool: Pool, settings: ProcessorSettings, *, now: datetime) -> None:
    """Delete some of what is past its retention within days that others keep. Repeat it."""
    await prune(pool, settings, today=_day(await _reckoned(pool, now)))


async def _reckoned(pool: Pool, now: datetime) -> datetime:
    async with transaction(pool) as db:
        return await leaps.reckoned(db, now)


def _day(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
