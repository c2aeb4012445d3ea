"""When alerts wait: exact over changes of daylight-saving time, whatever the schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.test_maintenance import a_cron, a_daily, a_once

from vedette.core.instants import to_datetime, to_ms
from vedette.core.maintenance import MaintenanceSpec, parse_maintenance
from vedette.core.windows import (
    Ended,
    Started,
    Window,
    next_turn,
    next_window,
    turns,
    window_at,
    windows_between,
)

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
         "America/St_Johns", "Asia/Kathmandu"]  # fmt: skip
clocks = st.times().map(lambda at: f"{at:%H:%M}")
lengths = st.integers(60, 86_400)
zones = st.sampled_from(ZONES)
# Apia skipped a day at the end of 2011.
instants = st.datetimes(datetime(2011, 12, 25), datetime(2030, 12, 31), timezones=st.just(UTC)).map(
    to_ms
)


def is_active(spec: MaintenanceSpec, instant: int) -> bool:
    """Whether alerts wait then."""
    return window_at(spec, instant) is not None


def at(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def utc(windows: list[Window]) -> list[tuple[str, str]]:
    return [
        (f"{to_datetime(one.start):%d %H:%M}", f"{to_datetime(one.end):%d %H:%M}")
        for one in windows
    ]


def weekly(**fields: Any) -> dict[str, Any]:
    return a_daily(kind="weekly", **fields)


@st.composite
def specs(draw: st.DrawFn) -> MaintenanceSpec:
    length = draw(lengths)
    own = {"start_time": draw(clocks), "duration_s": length, "time_zone": draw(zones)}
    days = draw(st.lists(st.sampled_from([*range(1, 32), -1]), min_size=1, unique=True))
    weekdays = draw(
        st.lists(st.sampled_from(["monday", "thursday", "sunday"]), min_size=1, unique=True)
    )
    minute, hour = draw(st.integers(0, 59)), draw(st.integers(0, 23))
    cron = {
        "cron": draw(st.sampled_from([f"{minute} {hour} * * *", "*/20 * * * *", "5 */6 1 * *"]))
    }
    start = draw(instants)
    once = {
        "starts_at": to_datetime(start).isoformat(),
        "ends_at": to_datetime(start + length * 1000).isoformat(),
    }
    return parse_maintenance(
        draw(
            st.sampled_from(
                [
                    a_once(**once),
                    a_daily(**own),
                    weekly(**own, weekdays=weekdays),
                    a_daily(**own, kind="monthly", days=days),
                    a_cron(**own, **cron),
                ]
            )
        )
    )


def occurrences(spec: MaintenanceSpec, begin: int, end: int) -> list[Window]:
    """The plain way: each start, and what follows."""
    starts = takewhile(lambda one: one <= end, spec.starts_after(begin - 9 * DAY))
    return [Window(start, start + spec.length_ms) for start in starts]


@given(specs(), instants)
def test_starts_are_in_order_and_after(spec: MaintenanceSpec, instant: int) -> None:
    found = [start for start, _ in zip(spec.starts_after(instant), range(5), strict=False)]
    assert all(start > instant for start in found)
    assert all(earlier < later for earlier, later in pairwise(found))


@given(specs(), instants, st.lists(st.integers(0, 3 * DAY - 1), max_size=6))
def test_an_instant_is_in_maintenance_if_a_window_holds_it(
    spec: MaintenanceSpec, begin: int, offsets: list[int]
) -> None:
    plain = occurrences(spec, begin, begin + 3 * DAY)
    merged = windows_between(spec, begin, begin + 3 * DAY)
    for instant in (begin + offset for offset in offsets):
        holds = any(one.holds(instant) for one in plain)
        assert any(one.holds(instant) for one in merged) is holds
        assert is_active(spec, instant) is holds


@given(specs(), instants)
def test_windows_are_in_order_and_apart(spec: MaintenanceSpec, begin: int) -> None:
    found = windows_between(spec, begin, begin + 3 * DAY)
    assert all(one.start < one.end for one in found)
    assert all(earlier.end < later.start for earlier, later in pairwise(found))
    assert all(one.end > begin and one.start < begin + 3 * DAY for one in found)


@given(clocks, zones, st.dates(date(2012, 1, 1), date(2030, 12, 30)))
def test_a_daily_window_begins_once_a_day_at_its_time(clock: str, zone: str, day: date) -> None:
    spec = parse_maintenance(a_daily(start_time=clock, duration_s=60, time_zone=zone))
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    local = [
        to_datetime(start).astimezone(ZoneInfo(zone))
        for start in takewhile(
            lambda one: one < to_ms(midnight) + 2 * DAY, spec.starts_after(to_ms(midnight) - DAY)
        )
    ]
    today = [one for one in local if one.date() == day]
    assert len(today) == 1
    [begun] = today
    wanted = datetime.combine(day, time.fromisoformat(clock))
    moved = begun.replace(tzinfo=None) - wanted
    # Only what the clock skips is moved, by as much as it skips.
    assert moved in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}
    if moved:
        assert wanted.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) == begun.astimezone(UTC)


def test_a_time_that_is_skipped_is_later_and_lasts_as_long() -> None:
    spec = parse_maintenance(a_daily(time_zone="Europe/Berlin"))
    found = windows_between(spec, at("2026-03-28T00:00Z"), at("2026-03-31T00:00Z"))
    assert utc(found) == [("28 01:30", "28 02:30"), ("29 01:30", "29 02:30"),
                          ("30 00:30", "30 01:30")]  # fmt: skip


def test_a_time_that_comes_twice_is_taken_once_the_first_time() -> None:
    spec = parse_maintenance(a_daily(time_zone="Europe/Berlin"))
    found = windows_between(spec, at("2026-10-24T12:00Z"), at("2026-10-26T12:00Z"))
    assert utc(found) == [("25 00:30", "25 01:30"), ("26 01:30", "26 02:30")]


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    spec = parse_maintenance(weekly(start_time="23:00", duration_s=7200, weekdays=["sunday"]))
    assert is_active(spec, at("2026-03-02T00:59Z"))  # a Monday
    assert not is_active(spec, at("2026-03-02T01:00Z"))
    assert not is_active(spec, at("2026-03-01T00:30Z"))


def test_months_without_a_day_are_passed_over_and_the_last_day_is_not() -> None:
    spec = parse_maintenance(a_daily(kind="monthly", days=[30, -1]))
    found = windows_between(spec, at("2026-01-15T00:00Z"), at("2026-04-15T00:00Z"))
    assert [f"{to_datetime(one.start):%m-%d}" for one in found] == [
        "01-30", "01-31", "02-28", "03-30", "03-31"
    ]  # fmt: skip


def test_cron_is_as_in_its_time_zone() -> None:
    spec = parse_maintenance(a_cron(time_zone="America/New_York"))
    found = windows_between(spec, at("2026-03-01T00:00Z"), at("2026-03-16T00:00Z"))
    # On the 8th half past two is skipped: it is due when the clock goes on.
    assert utc(found) == [("01 07:30", "01 08:30"), ("08 07:00", "08 08:00"),
                          ("15 06:30", "15 07:30")]  # fmt: skip


def test_windows_that_touch_are_one() -> None:
    spec = parse_maintenance(a_daily(start_time="00:00", duration_s=86_400))
    found = window_at(spec, at("2026-03-01T12:00Z"))
    assert found is not None
    assert (found.start, found.end > found.start + 300 * DAY) == (at("2026-03-01T00:00Z"), True)
    assert next_window(spec, at("2026-03-01T12:00Z")) is None


def test_what_is_not_enabled_has_no_windows() -> None:
    spec = parse_maintenance(a_daily(enabled=False))
    assert windows_between(spec, 0, at("2026-03-01T00:00Z")) == []
    assert next_turn(spec, 0) is None


ONCE = parse_maintenance(a_once(starts_at="2026-03-01T10:00Z", ends_at="2026-03-01T12:00Z"))
START, END = at("2026-03-01T10:00Z"), at("2026-03-01T12:00Z")


@pytest.mark.parametrize(
    ("after", "now", "going", "found"),
    [
        (START - HOUR, START - MINUTE, None, []),
        (START - HOUR, START, None, [Started(START, END)]),
        (START, END - MINUTE, START, []),
        (START, END, START, [Ended(START, END)]),
        (START - HOUR, END + HOUR, None, [Started(START, END), Ended(START, END)]),
        (START + HOUR, END - MINUTE, None, [Started(START + HOUR, END)]),
        (END, END + HOUR, None, []),
    ],
)
def test_each_beginning_and_end_is_a_turn(
    after: int, now: int, going: int | None, found: list[Started | Ended]
) -> None:
    assert turns(ONCE, going, after_ms=after, changed_ms=0, now_ms=now) == found


def test_deleting_it_ends_what_goes_on() -> None:
    gone = turns(None, START, after_ms=START, changed_ms=START + MINUTE, now_ms=START + HOUR)
    assert gone == [Ended(START, START + MINUTE)]


def test_moving_it_ends_what_goes_on_and_begins_anew() -> None:
    moved = ONCE.model_copy(update={"starts_at": to_datetime(START + HOUR)})
    changed = START + MINUTE
    found = turns(moved, START, after_ms=changed, changed_ms=changed, now_ms=START + HOUR)
    assert found == [Ended(START, changed), Started(START + HOUR, END)]


@given(specs(), instants, st.lists(st.integers(1, DAY // 4), min_size=1, max_size=10))
def test_however_often_one_looks_the_turns_are_the_same(
    spec: MaintenanceSpec, begin: int, steps: list[int]
) -> None:
    often: list[Started | Ended] = []
    now = begin
    for step in steps:
        going = often[-1].start if often and isinstance(often[-1], Started) else None
        often += turns(spec, going, after_ms=now, changed_ms=0, now_ms=now + step)
        now += step
    at_once = turns(spec, None, after_ms=begin, changed_ms=0, now_ms=now)
    assert [(type(one), one.start) for one in often] == [(type(one), one.start) for one in at_once]
    assert [one.end for one in often if isinstance(one, Ended)] == [
        one.end for one in at_once if isinstance(one, Ended)
    ]


@given(specs(), instants)
def test_nothing_turns_before_the_next_turn(spec: MaintenanceSpec, instant: int) -> None:
    due = next_turn(spec, instant)
    if due is not None:
        assert due > instant
        assert is_active(spec, due - 1) is is_active(spec, instant)
        endless = due - instant > 3 * DAY and is_active(spec, instant)
        assert endless or is_active(spec, due) is not is_active(spec, instant)
