"""When something is due again, also over changes of daylight-saving time."""

from datetime import datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.core.instants import to_datetime, to_ms
from vedette.core.schedule import Cron, Period, check_cron, check_time_zone

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=BERLIN))


def instant(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


def on_clock(ms: int) -> str:
    return to_datetime(ms).astimezone(BERLIN).strftime("%d %H:%M")


def due_after(expression: str, start: str, count: int) -> list[int]:
    return list(islice(Cron(expression, "Europe/Berlin").times(berlin(start)), count))


def test_a_period_is_reckoned_from_the_last_time() -> None:
    assert Period(HOUR).after(123) == 123 + HOUR


def test_what_falls_into_the_skipped_hour_is_due_right_after_it() -> None:
    # 2026-03-29, 02:00 to 03:00 does not exist.
    times = due_after("30 2 * * *", "2026-03-28T12:00", 3)
    assert [on_clock(at) for at in times] == ["29 03:00", "30 02:30", "31 02:30"]


def test_what_falls_into_the_repeated_hour_is_due_once() -> None:
    # 2026-10-25, 02:00 to 03:00 comes twice.
    times = due_after("30 2 * * *", "2026-10-24T12:00", 3)
    assert [on_clock(at) for at in times] == ["25 02:30", "26 02:30", "27 02:30"]
    assert times[1] - times[0] == 25 * HOUR


def test_asked_between_the_two_equal_times_it_is_not_due_again() -> None:
    first = due_after("30 2 * * *", "2026-10-24T12:00", 1)[0]
    between = first + 45 * MINUTE  # 02:15, for the second time
    assert on_clock(between) == "25 02:15"
    assert on_clock(Cron("30 2 * * *", "Europe/Berlin").after(between)) == "26 02:30"


@pytest.mark.parametrize("expression", ["0 * * * *", "*/15 * * * *", "@hourly"])
@pytest.mark.parametrize("start", ["2026-03-28T20:00", "2026-10-24T20:00"])
def test_every_hour_is_every_hour_over_a_change(expression: str, start: str) -> None:
    times = due_after(expression, start, 60)
    assert len({later - earlier for earlier, later in pairwise(times)}) == 1


EXPRESSIONS = st.builds(
    lambda minute, hour, weekday: f"{minute} {hour} * * {weekday}",
    st.one_of(st.just("*"), st.just("*/7"), st.integers(0, 59).map(str)),
    st.one_of(st.just("*"), st.just("*/5"), st.integers(0, 23).map(str), st.just("1-3")),
    st.sampled_from(["*", "1", "MON-FRI", "0"]),
)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
INSTANTS = st.integers(to_ms(datetime(2026, 1, 1, tzinfo=BERLIN)), 1_830_000_000_000)


@given(EXPRESSIONS, ZONES, INSTANTS)
def test_times_are_after_the_instant_and_in_order(expression: str, zone: str, at: int) -> None:
    times = list(islice(Cron(expression, zone).times(at), 5))
    assert [at, *times] == sorted({at, *times})
    assert all(to_datetime(each).second == 0 for each in times)


@given(EXPRESSIONS, ZONES, INSTANTS)
def test_what_is_due_next_does_not_depend_on_when_it_is_asked(
    expression: str, zone: str, at: int
) -> None:
    cron = Cron(expression, zone)
    due = cron.after(at)
    if due - at > MINUTE:
        assert cron.after((at + due) // 2) == due
    assert cron.after(due - 1) == due


@settings(max_examples=30)
@given(st.integers(0, 23), st.integers(0, 59), ZONES, INSTANTS)
def test_a_daily_time_comes_once_a_day(hour: int, minute: int, zone: str, at: int) -> None:
    times = list(islice(Cron(f"{minute} {hour} * * *", zone).times(at), 400))
    days = [to_datetime(each).astimezone(ZoneInfo(zone)).date() for each in times]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@pytest.mark.parametrize("night", ["2026-10-03T13:00Z", "2026-04-04T13:00Z"])
def test_a_clock_moved_by_half_an_hour_loses_no_time(night: str) -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    times = islice(Cron("5 */6 * * *", "Australia/Lord_Howe").times(instant(night)), 5)
    local = [to_datetime(at).astimezone(lord_howe) for at in times]
    assert [f"{at:%H:%M}" for at in local] == ["00:05", "06:05", "12:05", "18:05", "00:05"]


def test_an_hour_that_begins_with_its_half_begins_there() -> None:
    # 2026-10-04, 02:00 to 02:30 does not exist there.
    times = islice(
        Cron("*/40 2-3 * * *", "Australia/Lord_Howe").times(instant("2026-10-03T15:00Z")), 3
    )
    assert [f"{to_datetime(at):%d %H:%M}" for at in times] == ["03 15:40", "03 16:00", "03 16:40"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@dayly", "there is no @dayly; there is @hourly"),
        ("61 * * * *", "Bad minute"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("", "five fields"),
    ],
)
def test_a_wrong_expression_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_cron(expression)


def test_an_unknown_time_zone_is_refused() -> None:
    assert check_time_zone("America/Sao_Paulo") == "America/Sao_Paulo"
    for name in ("Mars/Olympus", "../etc/passwd", "localtime", ""):
        with pytest.raises(ValueError, match="no time zone"):
            check_time_zone(name)
