"""Regions that take turns: what one of them finds is a hint, and all of them decide."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.processor.test_judge import DEGRADED, DOWN, OUTCOMES, UP, standing

from vedette.core.events import Cause
from vedette.core.outcome import Outcome
from vedette.core.state import State
from vedette.processor.domain import (
    GRACE_MS,
    Judgement,
    Policy,
    Standing,
    Verdict,
    expire,
    judge,
    missed_recheck,
)

S = 1000
POLICY = Policy(
    interval_ms=60 * S,
    timeout_ms=10 * S,
    failure_threshold=2,
    recovery_threshold=1,
    retry_ms=5 * S,
    rotating=True,
)


def hint(
    start: Standing, outcome: Outcome, slot: int = 60 * S, policy: Policy = POLICY
) -> Judgement:
    verdict = Verdict(slot, outcome, Cause(outcome=outcome), alone=True)
    return judge(start, policy, verdict, now=slot + 100)


def confirm(start: Standing, outcome: Outcome, policy: Policy = POLICY) -> Judgement:
    """All regions say so at the recheck that was asked for."""
    assert start.recheck is not None
    verdict = Verdict(start.recheck, outcome, Cause(outcome=outcome))
    return judge(start, policy, verdict, now=start.recheck + 100)


def test_a_failure_is_a_suspicion_and_has_all_asked_whatever_the_threshold() -> None:
    for threshold in (1, 2, 5):
        policy = replace(POLICY, failure_threshold=threshold)
        suspect = hint(standing(), DOWN, policy=policy)
        assert suspect.standing.state is State.UP
        assert suspect.transitions == ()
        assert suspect.recheck == suspect.standing.recheck == 65 * S


def test_down_is_what_all_regions_confirm_since_the_first_failure() -> None:
    suspect = hint(standing(), DOWN).standing
    down = confirm(suspect, DOWN)
    assert [(t.state, t.since) for t in down.transitions] == [(State.DOWN, 60 * S)]
    assert confirm(suspect, UP).standing == replace(standing(), round=65 * S, last_vote=65 * S)


def test_a_threshold_counts_the_failure_and_its_confirmations() -> None:
    policy = replace(POLICY, failure_threshold=3)
    suspect = hint(standing(), DOWN, policy=policy).standing
    once = confirm(suspect, DOWN, policy)
    assert (once.standing.state, once.recheck) == (State.UP, 70 * S)
    assert confirm(once.standing, DOWN, policy).standing.state is State.DOWN


def test_another_regions_good_vote_ends_no_suspicion() -> None:
    suspect = hint(standing(), DOWN).standing
    told = hint(suspect, UP, 63 * S)
    assert told.standing == replace(suspect, last_vote=63 * S)
    assert confirm(told.standing, DOWN).standing.state is State.DOWN


def test_a_good_vote_while_down_has_all_asked_and_recovers_nothing_by_itself() -> None:
    down = standing(State.DOWN)
    hopeful = hint(down, UP)
    assert (hopeful.standing.state, hopeful.recheck) == (State.DOWN, 65 * S)
    assert confirm(hopeful.standing, DOWN).standing.state is State.DOWN
    up = confirm(hopeful.standing, UP)
    assert [(t.state, t.since) for t in up.transitions] == [(State.UP, 60 * S)]


def test_one_more_failure_while_down_is_no_news() -> None:
    assert hint(standing(State.DOWN), DOWN).recheck is None


def test_degraded_is_confirmed_as_well() -> None:
    slow = hint(standing(), DEGRADED)
    assert (slow.standing.state, slow.recheck) == (State.UP, 65 * S)
    assert confirm(slow.standing, DEGRADED).standing.state is State.DEGRADED


def test_what_one_region_sees_vouches_for_the_state() -> None:
    seen = hint(standing(last_vote=0), UP, 60 * S).standing
    assert expire(seen, POLICY, now=180 * S).transitions == ()


def test_after_a_gap_all_are_asked_before_anything_is_claimed() -> None:
    back = hint(standing(State.UP, last_vote=60 * S), UP, 6000 * S)
    assert [t.state for t in back.transitions] == [State.UNKNOWN]
    assert back.recheck == 6005 * S
    assert confirm(back.standing, UP).standing.state is State.UP


def test_a_turn_does_not_overtake_a_round_of_all_that_is_still_open() -> None:
    quick = replace(POLICY, interval_ms=5 * S, retry_ms=1 * S)
    suspect = hint(standing(), DOWN, 60 * S, quick).standing
    assert suspect.recheck == 61 * S
    for slot in (65 * S, 70 * S):
        suspect = hint(suspect, UP, slot, quick).standing
    assert confirm(suspect, DOWN, quick).standing.state is State.DOWN


def test_a_confirmation_is_never_at_a_regular_slot() -> None:
    for retry in (5, 59, 60, 61, 3600):
        for offset in (0, 5, 17):
            policy = replace(POLICY, retry_ms=retry * S, offset_ms=offset * S)
            slot = (60 + offset) * S
            recheck = hint(standing(), DOWN, slot, policy).recheck
            assert recheck is not None
            assert recheck % (60 * S) != offset * S
            assert slot < recheck <= slot + 60 * S + 1
    suspect = replace(standing(), failures=1, run_since=1, recheck=60 * S + 55 * S)
    assert missed_recheck(suspect, POLICY, 115 * S, now=116 * S).recheck == 120 * S + 1


def test_a_confirmation_that_got_lost_is_asked_for_again() -> None:
    suspect = hint(standing(), DOWN).standing
    assert hint(suspect, DOWN, 79 * S).recheck is None
    lost = 65 * S + POLICY.timeout_ms + GRACE_MS
    again = hint(suspect, DOWN, lost)
    assert again.recheck == lost + 5 * S
    assert again.standing.run_since == 60 * S


TURNS = st.lists(st.tuples(OUTCOMES, st.integers(1, 4)), max_size=30)


@given(st.sampled_from([State.PENDING, State.UP, State.DEGRADED, State.DOWN]), TURNS)
def test_hints_alone_change_no_state(state: State, turns: list[tuple[Outcome, int]]) -> None:
    now, current = 0, standing(state)
    for outcome, gap in turns:
        now += gap * 60 * S
        judgement = hint(current, outcome, now)
        assert all(change.state is State.UNKNOWN for change in judgement.transitions)
        current = judgement.standing
    assert current.state in {state, State.UNKNOWN}


@given(st.lists(st.tuples(OUTCOMES, OUTCOMES), min_size=1, max_size=20), st.integers(1, 4))
def test_the_state_is_always_one_that_all_regions_together_saw(
    turns: list[tuple[Outcome, Outcome]], threshold: int
) -> None:
    policy = replace(POLICY, failure_threshold=threshold)
    now, current, together = 0, standing(State.PENDING), {State.PENDING}
    for one, all_of_them in turns:
        now += 60 * S
        current = hint(current, one, now, policy).standing
        while current.recheck is not None:
            together.add(State(all_of_them.value))
            now = current.recheck
            current = confirm(current, all_of_them, policy).standing
        assert current.state in together
