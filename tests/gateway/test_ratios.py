"""Uptime of many steps at once is that of each step by itself."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.state import State
from vedette.gateway.domain.ratios import ratios
from vedette.gateway.domain.uptime import Sight, Span, Stretch, uptime

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOME = 50 * 3_600_000
MOMENTS = st.integers(0, SOME).map(lambda ms: NOW - timedelta(milliseconds=ms))
STATES = st.sampled_from(State)
PASSIVE = st.builds(
    Sight,
    last_vote=st.none() | MOMENTS,
    interval_s=st.none(),
    timeout_s=st.just(0),
    looked_after_at=st.none() | MOMENTS,
)
PROBED = st.builds(
    Sight,
    last_vote=st.none() | MOMENTS,
    interval_s=st.sampled_from([5, 60, 3600]),
    timeout_s=st.sampled_from([0.1, 10, 120]),
)
WINDOWS = st.tuples(MOMENTS, st.none() | MOMENTS)


def spans(starts: list[datetime], states: list[State]) -> list[Span]:
    """Spans that follow one another; the last one goes on."""
    begins = sorted(starts)
    ends = [*begins[1:], None]
    return [Span(state, at, end) for state, at, end in zip(states, begins, ends, strict=False)]


@given(
    st.lists(MOMENTS, min_size=1, max_size=20),
    st.lists(STATES, min_size=20, max_size=20),
    st.lists(WINDOWS, max_size=6),
    PROBED | PASSIVE,
    MOMENTS,
    st.lists(MOMENTS, min_size=2, max_size=30, unique=True),
)
def test_each_step_has_the_uptime_that_it_has_alone(
    starts: list[datetime],
    states: list[State],
    maintenance: list[Stretch],
    sight: Sight,
    created_at: datetime,
    bounds: list[datetime],
) -> None:
    steps = list(pairwise(sorted(bounds)))
    steps.append((min(bounds), max(bounds)))
    past = spans(starts, states)
    alone = [
        uptime(
            past,
            window=until - since,
            created_at=created_at,
            sight=sight,
            now=until,
            maintenance=maintenance,
        ).ratio
        for since, until in steps
    ]
    found = ratios(steps, past, created_at=created_at, sight=sight, maintenance=maintenance)
    assert found == alone


def test_of_no_steps_there_is_no_uptime() -> None:
    sight = Sight(last_vote=NOW, interval_s=60, timeout_s=10)
    assert ratios([], [], created_at=NOW, sight=sight) == []
