"""What the states of its members make of a group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.grouping import Member, Needs, sum_up
from vedette.core.outcome import Outcome
from vedette.core.state import State

UP, DEGRADED, DOWN, UNKNOWN = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN
PENDING, PAUSED = State.PENDING, State.PAUSED


def members(*states: State) -> list[Member]:
    return [Member(f"m{number}", state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "needs", "outcome"),
    [
        ((UP, UP), "all", Outcome.UP),
        ((UP, DEGRADED), "all", Outcome.DEGRADED),
        ((UP, DOWN), "all", Outcome.DOWN),
        ((UP, UNKNOWN), "all", Outcome.MISSED),
        ((DOWN, UNKNOWN), "all", Outcome.DOWN),
        ((UP, PAUSED, PENDING), "all", Outcome.UP),
        ((PAUSED, PENDING), "all", Outcome.MISSED),
        ((), "all", Outcome.MISSED),
        ((UP, UP, DOWN), 2, Outcome.UP),
        ((UP, DEGRADED, DOWN), 2, Outcome.DEGRADED),
        ((UP, DOWN, DOWN), 2, Outcome.DOWN),
        ((UP, UNKNOWN, DOWN), 2, Outcome.MISSED),
        ((UP, PAUSED, PAUSED), 2, Outcome.UP),
    ],
)
def test_a_group_is_the_sum_of_its_members(
    states: tuple[State, ...], needs: Needs, outcome: Outcome
) -> None:
    assert sum_up(members(*states), needs).outcome is outcome


def test_those_that_are_down_are_named() -> None:
    came_to = sum_up(members(UP, *[DOWN] * 7), "all")
    assert came_to.message == ("1 of 8 are up, 8 are needed; down: m1, m2, m3, m4, m5 and 2 more")
    assert came_to.counts == {"down": 7, "up": 1}


STATES = st.lists(st.sampled_from(State), min_size=1, max_size=8)
WORSE = [Outcome.UP, Outcome.DEGRADED, Outcome.DOWN]


@given(STATES, st.integers(1, 8))
def test_a_member_that_gets_better_never_makes_a_group_worse(
    states: list[State], needs: int
) -> None:
    before = sum_up(members(*states), needs).outcome
    for at, state in enumerate(states):
        if state in {DOWN, DEGRADED}:
            better = [*states]
            better[at] = UP
            after = sum_up(members(*better), needs).outcome
            if before in WORSE and after in WORSE:
                assert WORSE.index(after) <= WORSE.index(before)
            assert (before, after) != (Outcome.UP, Outcome.MISSED)
