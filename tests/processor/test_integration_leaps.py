"""A database whose clock leaps, or that nobody looked after for long, loses nothing at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs
from tests.processor.test_integration_partitions import DAY, check, pool

from vedette.cli.doctor import storage
from vedette.core.wellness import Level
from vedette.processor.leaps import LEAP, WAIT, Leap, leap_at
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up, let_go
from vedette.store.pool import Pool, connection

__all__ = ["pool"]  # the fixture
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = ProcessorSettings(retention_days=30)


def looking(*times: datetime) -> Leap | None:
    """What is known of leaps after looks at these times."""
    looked, last = times[0], None
    for now in times[1:]:
        looked, last = now, leap_at(now, looked=looked, last=last)
    return last


def test_time_that_goes_by_is_no_leap() -> None:
    assert looking(NOW, NOW + HOUR, NOW + HOUR, NOW + LEAP, NOW + LEAP - HOUR) is None


def test_retention_waits_for_a_week_after_a_leap() -> None:
    later = NOW + 200 * DAY
    leap = Leap(NOW, later)
    assert looking(NOW, later) == looking(NOW, later, later + HOUR) == leap
    assert leap.holds(later)
    assert leap.holds(later + WAIT - HOUR)
    assert not leap.holds(later + WAIT)


def test_a_second_leap_makes_it_wait_anew_for_what_was_before_the_first() -> None:
    first, second = NOW + 100 * DAY, NOW + 200 * DAY
    assert looking(NOW, first, second) == Leap(NOW, second)
    soon = [first + n * DAY for n in range(8)]
    assert looking(NOW, *soon, second) == Leap(soon[-1], second)


def test_a_clock_that_is_put_right_ends_the_wait() -> None:
    assert looking(NOW, NOW + 200 * DAY, NOW + DAY) is None


async def test_no_check_is_dropped_by_a_clock_that_is_wrong(pool: Pool) -> None:
    await keep_up(pool, SETTINGS, now=NOW)
    await check(pool, NOW)
    await pool.execute(
        "insert into check_evidence (monitor_id, slot, region, evidence)"
        " select monitor_id, slot, region, '{}' from check_result"
    )
    wrong = NOW + 400 * DAY
    with capture_logs() as logs:
        await let_go(pool, SETTINGS, now=wrong)
        await keep_up(pool, SETTINGS, now=wrong)
        await let_go(pool, SETTINGS, now=wrong)
    assert await pool.fetchval("select count(*) from check_result") == 1
    assert await pool.fetchval("select count(*) from check_evidence") == 1
    [told] = [log for log in logs if log["log_level"] == "error"]
    assert "leapt from 2026-03-01 12:30 to 2027-04-05 12:30" in told["event"]
    assert "put it right" in told["advice"]

    for hours in range(0, 24 * 8, 24):
        await keep_up(pool, SETTINGS, now=wrong + hours * HOUR)
    await let_go(pool, SETTINGS, now=wrong + 8 * DAY)
    assert await pool.fetchval("select count(*) from check_result") == 0
    assert await pool.fetchval("select count(*) from check_evidence") == 0


async def test_the_doctor_tells_that_retention_waits(pool: Pool) -> None:
    now = await pool.fetchval("select now()")
    await keep_up(pool, SETTINGS, now=now - 100 * DAY)
    await keep_up(pool, SETTINGS, now=now)
    async with connection(pool) as db:
        [found] = [one for one in await storage.examine(db, 30) if one.part == "retention"]
    assert found.level is Level.WARN
    assert "nothing is deleted until" in found.words
