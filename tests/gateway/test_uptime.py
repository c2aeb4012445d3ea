"""Uptime, from spans."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.state import State
from vedette.gateway.domain.uptime import Sight, Span, Uptime, uptime

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
BORN = NOW - 90 * DAY
FRESH = Sight(last_vote=NOW, interval_s=60, timeout_s=10)


def spans(*starts: tuple[State, timedelta]) -> list[Span]:
    """Spans that follow one another, each beginning so long ago; the last is open."""
    ends = [*(NOW - ago for _, ago in starts[1:]), None]
    return [Span(state, NOW - ago, end) for (state, ago), end in zip(starts, ends, strict=True)]


def over(window: timedelta, *starts: tuple[State, timedelta], sight: Sight = FRESH) -> Uptime:
    return uptime(spans(*starts), window=window, created_at=BORN, sight=sight, now=NOW)


def test_degraded_is_up() -> None:
    found = over(DAY, (State.UP, 2 * DAY), (State.DEGRADED, 12 * HOUR), (State.DOWN, 6 * HOUR))
    assert found.ratio == 0.75
    assert found.in_state[State.UP] == 12 * HOUR
    assert found.in_state[State.DEGRADED] == found.in_state[State.DOWN] == 6 * HOUR


@pytest.mark.parametrize("state", [State.UNKNOWN, State.PAUSED, State.PENDING])
def test_time_without_sight_is_neither_up_nor_down(state: State) -> None:
    found = over(DAY, (State.UP, 24 * HOUR), (state, 12 * HOUR), (State.DOWN, 3 * HOUR))
    assert found.ratio == 0.8
    assert found.seen == 15 * HOUR
    assert found.in_state[state] == 9 * HOUR


def test_nothing_seen_is_no_uptime() -> None:
    assert over(DAY, (State.PAUSED, 2 * DAY)).ratio is None


def test_time_before_the_monitor_counts_nowhere() -> None:
    found = uptime(
        [Span(State.UP, NOW - 2 * HOUR, None)],
        window=DAY,
        created_at=NOW - 3 * HOUR,
        sight=FRESH,
        now=NOW,
    )
    assert found.in_state[State.PENDING] == HOUR
    assert sum(found.in_state.values(), timedelta(0)) == 3 * HOUR


def test_an_open_span_without_votes_ends_where_the_last_one_stops_vouching() -> None:
    blind = Sight(last_vote=NOW - 2 * HOUR, interval_s=1200, timeout_s=10)
    found = over(DAY, (State.DOWN, 2 * DAY), sight=blind)
    assert found.in_state[State.DOWN] == 23 * HOUR
    assert found.in_state[State.UNKNOWN] == HOUR


def test_patience_is_three_intervals_and_a_check() -> None:
    for age, lost in ((190, False), (191, True)):
        seen_at = NOW - timedelta(seconds=age)
        found = Sight(last_vote=seen_at, interval_s=60, timeout_s=10).lost_at(NOW)
        assert found == (seen_at + timedelta(seconds=180) if lost else None)


def test_maintenance_is_neither_up_nor_down_whatever_the_state() -> None:
    found = uptime(
        spans((State.UP, 2 * DAY), (State.DOWN, 6 * HOUR), (State.UP, 2 * HOUR)),
        window=DAY,
        created_at=BORN,
        sight=FRESH,
        now=NOW,
        maintenance=[
            (NOW - 7 * HOUR, NOW - 5 * HOUR),
            (NOW - 6 * HOUR, NOW - 4 * HOUR),
            (NOW - HOUR, None),
            (NOW - 3 * DAY, NOW - 2 * DAY),
        ],
    )
    assert found.maintenance == 4 * HOUR
    assert found.in_state[State.DOWN] == 2 * HOUR
    assert found.ratio == 0.9


def test_a_pause_is_not_taken_for_a_loss_of_sight() -> None:
    blind = Sight(last_vote=NOW - DAY, interval_s=60, timeout_s=10)
    assert over(DAY, (State.PAUSED, 2 * DAY), sight=blind).in_state[State.PAUSED] == DAY


@given(
    starts=st.lists(st.integers(0, 200 * 3_600_000), min_size=1, max_size=20, unique=True),
    states=st.lists(st.sampled_from(State), min_size=20, max_size=20),
    window=st.integers(1, 120 * 3_600_000),
    vote=st.integers(0, 200 * 3_600_000),
    apart=st.lists(
        st.tuples(st.integers(0, 200 * 3_600_000), st.integers(0, 3_600_000)), max_size=5
    ),
)
def test_the_sums_are_exact(
    starts: list[int], states: list[State], window: int, vote: int, apart: list[tuple[int, int]]
) -> None:
    agos = [timedelta(milliseconds=ago) for ago in sorted(starts, reverse=True)]
    sight = Sight(last_vote=NOW - timedelta(milliseconds=vote), interval_s=60, timeout_s=10)
    length = timedelta(milliseconds=window)
    ms = timedelta(milliseconds=1)
    maintenance = [(NOW - ago * ms, NOW - ago * ms + lasting * ms) for ago, lasting in apart]
    found = uptime(
        spans(*zip(states, agos, strict=False)),
        window=length,
        created_at=BORN,
        sight=sight,
        now=NOW,
        maintenance=maintenance,
    )
    assert found.maintenance + sum(found.in_state.values(), timedelta(0)) == length
    assert min(found.in_state.values()) >= timedelta(0)
    assert found.ratio is None or 0 <= found.ratio <= 1


def test_who_reports_by_themselves_is_lost_when_nobody_looks_whether_they_do() -> None:
    at = NOW - timedelta(minutes=2)
    sight = Sight(last_vote=NOW - DAY, interval_s=None, timeout_s=0, looked_after_at=at)
    assert sight.lost_at(NOW) == at
    assert sight.lost_at(at + timedelta(seconds=59)) is None
    waiting = Sight(last_vote=NOW - DAY, interval_s=None, timeout_s=0)
    assert waiting.lost_at(NOW) is None
