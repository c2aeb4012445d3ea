"""What is stored of checks: the partitions that come, and those whose time is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from vedette.core.wellness import Finding, Level
from vedette.processor import leaps
from vedette.processor.retention import longest
from vedette.store.pool import Connection

_LEAST_AHEAD, _AHEAD = 1, 3
_MOST_BEHIND_H = {"hour": 3, "day": 50}
_ROLLUPS = """
select grain, (extract(epoch from now() - through) / 3600)::float8 as behind from rollup_progress
order by through desc"""
_PARTITIONS = """
select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'check_result'::regclass and c.relname ~ '^check_result_[0-9]{8}$'
order by 1"""


async def examine(db: Connection, retention_days: int) -> list[Finding]:
    """Whether checks go where they should."""
    now: Any = await db.fetchval("select now()")
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = await db.fetch(_PARTITIONS)
    days = [datetime.strptime(row["name"][-8:], "%Y%m%d").replace(tzinfo=UTC) for row in rows]
    return [
        _ahead(days, today),
        await _stray(db),
        await _waiting(db, now) or _retention(days, today, await longest(db, retention_days)),
        await _rollups(db),
    ]


def _ahead(days: list[datetime], today: datetime) -> Finding:
    advice = "See that a processor runs: it makes them each hour; its log says what hinders it."
    if today not in days:
        return Finding("partitions", Level.BAD, "there is none for today", advice)
    ahead = (max(days) - today).days
    words = f"{len(days)}, made {ahead} days ahead"
    if ahead < _AHEAD:
        level = Level.BAD if ahead < _LEAST_AHEAD else Level.WARN
        return Finding("partitions", level, words, advice)
    return Finding("partitions", Level.OK, words)


async def _stray(db: Connection) -> Finding:
    if await db.fetchval("select exists (select from check_result_other)"):
        return Finding(
            "stray checks",
            Level.WARN,
            "the default partition holds checks of days that have none of their own",
            "Delete from check_result_other what is not needed, lest the partitions of those days"
            " can't be made.",
        )
    return Finding("stray checks", Level.OK, "none")


async def _rollups(db: Connection) -> Finding:
    behind = {row["grain"]: row["behind"] for row in await db.fetch(_ROLLUPS)}
    if not behind:
        return Finding("rollups", Level.OK, "none yet")
    words = ", ".join(f"up to {hours:.1f} h ago by the {grain}" for grain, hours in behind.items())
    if any(behind.get(grain, 0) > most for grain, most in _MOST_BEHIND_H.items()):
        return Finding(
            "rollups",
            Level.WARN,
            words,
            "See that a processor runs, which sums checks up: its log says what hinders it.",
        )
    return Finding("rollups", Level.OK, words)


async def _waiting(db: Connection, now: datetime) -> Finding | None:
    leap = await leaps.waiting(db, now)
    return None if leap is None else Finding("retention", Level.WARN, leap.words, leaps.ADVICE)


def _retention(days: list[datetime], today: datetime, retention_days: int) -> Finding:
    if not days:
        return Finding("retention", Level.OK, "nothing is kept yet")
    kept = (today - min(days)).days
    words = f"the oldest day is {max(kept, 0)} days ago, {retention_days} are kept"
    if min(days) < today - timedelta(days=retention_days + 1):
        return Finding(
            "retention",
            Level.WARN,
            words,
            "See that a processor runs, and has the same VEDETTE_RETENTION_DAYS as is set here.",
        )
    return Finding("retention", Level.OK, words)
