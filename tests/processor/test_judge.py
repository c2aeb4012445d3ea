"""`judge` and its companions, without a clock or a database."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.events import Cause
from vedette.core.outcome import Outcome
from vedette.core.state import State
from vedette.processor.domain import (
    Judgement,
    Policy,
    Standing,
    Verdict,
    expire,
    judge,
    missed_recheck,
    pause,
    resume,
    revise,
)

S = 1000
POLICY = Policy(
    interval_ms=60 * S, timeout_ms=10 * S, failure_threshold=2, recovery_threshold=1, retry_ms=5 * S
)
UP, DOWN, DEGRADED = Outcome.UP, Outcome.DOWN, Outcome.DEGRADED


def standing(state: State = State.UP, **fields: object) -> Standing:
    verdict = state if state in {State.UP, State.DOWN, State.DEGRADED} else None
    return replace(Standing(state, since=0, sequence=1, verdict=verdict), **fields)  # type: ignore[arg-type]


def interval(policy: Policy) -> int:
    assert policy.interval_ms is not None
    return policy.interval_ms


def after(start: Standing, *outcomes: Outcome, policy: Policy = POLICY) -> Judgement:
    """Judge the outcomes one slot apart; transitions are those of all."""
    judgement = Judgement(start)
    transitions: tuple[object, ...] = ()
    for number, outcome in enumerate(outcomes, start=1):
        slot = number * interval(policy)
        verdict = Verdict(slot, outcome, Cause(outcome=outcome))
        judgement = judge(judgement.standing, policy, verdict, now=slot + 100)
        transitions += judgement.transitions
    return replace(judgement, transitions=transitions)  # type: ignore[arg-type]


def test_a_first_good_round_ends_pending() -> None:
    result = after(standing(State.PENDING), UP)
    assert result.standing.state is State.UP
    assert [t.since for t in result.transitions] == [60 * S]


def test_one_failing_round_is_a_suspicion_and_asks_for_a_recheck() -> None:
    result = after(standing(), DOWN)
    assert result.standing.state is State.UP
    assert result.transitions == ()
    assert result.recheck == result.standing.recheck == 65 * S


def test_down_begins_with_the_first_failing_round() -> None:
    result = after(standing(), UP, DOWN, DOWN)
    assert result.standing.state is State.DOWN
    assert [(t.previous, t.state, t.since, t.sequence) for t in result.transitions] == [
        (State.UP, State.DOWN, 120 * S, 2)
    ]
    assert result.recheck is None


def test_a_good_round_ends_a_suspicion() -> None:
    result = after(standing(), DOWN, UP, DOWN)
    assert result.standing.state is State.UP
    assert result.standing.failures == 1


def test_recovery_waits_for_its_threshold_and_begins_with_the_first_good_round() -> None:
    patient = replace(POLICY, recovery_threshold=3)
    waiting = after(standing(State.DOWN), UP, UP, policy=patient)
    assert waiting.standing.state is State.DOWN
    assert waiting.recheck is not None
    done = after(standing(State.DOWN), DOWN, UP, DEGRADED, UP, policy=patient)
    assert done.standing.state is State.UP
    assert done.transitions[0].since == 120 * S


def test_degraded_follows_each_round() -> None:
    result = after(standing(), DEGRADED, DEGRADED, UP)
    assert [(t.state, t.since) for t in result.transitions] == [
        (State.DEGRADED, 60 * S),
        (State.UP, 180 * S),
    ]


def test_a_late_round_changes_nothing() -> None:
    seen = after(standing(), UP, UP).standing
    late = judge(seen, POLICY, Verdict(60 * S, DOWN, Cause()), now=130 * S)
    assert late == Judgement(seen)


def test_a_recheck_later_than_the_next_slot_is_not_asked_for() -> None:
    assert after(standing(), DOWN, policy=replace(POLICY, retry_ms=60 * S)).recheck is None


def test_a_slow_check_is_rechecked_at_once() -> None:
    verdict = Verdict(60 * S, DOWN, Cause())
    assert judge(standing(), POLICY, verdict, now=70 * S).recheck == 70 * S


def test_without_votes_it_becomes_unknown_from_the_third_interval_on() -> None:
    seen = standing(last_vote=60 * S)
    assert expire(seen, POLICY, now=250 * S) == Judgement(seen)
    result = expire(seen, POLICY, now=251 * S)
    assert result.standing.state is State.UNKNOWN
    assert result.transitions[0].since == 240 * S


def test_a_gap_is_said_even_if_nobody_looked_while_it_lasted() -> None:
    result = judge(standing(last_vote=60 * S), POLICY, Verdict(6000 * S, UP, Cause()), now=6001 * S)
    assert [(t.state, t.since, t.sequence) for t in result.transitions] == [
        (State.UNKNOWN, 240 * S, 2),
        (State.UP, 6000 * S, 3),
    ]


def test_failures_before_a_gap_confirm_none_after_it() -> None:
    for state in (State.PENDING, State.UNKNOWN):
        suspect = after(standing(state), DOWN).standing
        assert suspect.failures == 1
        hour = 3600 * S
        again = judge(suspect, POLICY, Verdict(hour, DOWN, Cause()), now=hour)
        assert (again.standing.state, again.standing.failures) == (state, 1)
        down = judge(again.standing, POLICY, Verdict(hour + 5 * S, DOWN, Cause()), now=hour)
        assert [change.since for change in down.transitions] == [hour]


def test_an_outage_nobody_saw_end_is_still_there_at_first_sight() -> None:
    unseen = standing(State.UNKNOWN, verdict=State.DOWN)
    assert after(unseen, DOWN).standing.state is State.DOWN
    assert after(unseen, UP).standing.state is State.UP


def test_an_edit_lets_go_of_what_the_older_definition_began() -> None:
    patient = replace(POLICY, recovery_threshold=2)
    for start, outcome in ((State.UP, DOWN), (State.DOWN, UP)):
        begun = after(standing(start, revision=1), outcome, policy=patient).standing
        edited = revise(begun, 2)
        assert (edited.failures, edited.successes, edited.recheck) == (0, 0, None)
        assert (edited.state, edited.verdict, edited.revision) == (start, begun.verdict, 2)
        assert revise(begun, 1) == begun


def test_an_outage_of_another_target_that_nobody_saw_end_confirms_nothing() -> None:
    unseen = revise(standing(State.UNKNOWN, verdict=State.DOWN, revision=1), 2)
    assert after(unseen, DOWN).standing.state is State.UNKNOWN
    assert after(unseen, DOWN, DOWN).standing.state is State.DOWN


def test_a_suspicion_of_before_revisions_were_kept_goes_on() -> None:
    suspect = after(standing(), DOWN).standing
    assert revise(suspect, 3) == replace(suspect, revision=3)


def test_a_missed_recheck_is_asked_for_again() -> None:
    suspect = after(standing(), DOWN).standing
    again = missed_recheck(suspect, POLICY, 65 * S, now=66 * S)
    assert again.recheck == again.standing.recheck == 70 * S
    assert missed_recheck(suspect, POLICY, 60 * S, now=66 * S).recheck is None


def test_paused_hears_nothing_and_resumes_afresh() -> None:
    paused = pause(standing(State.DOWN), at=50 * S)
    assert [t.state for t in paused.transitions] == [State.PAUSED]
    assert after(paused.standing, DOWN, DOWN).transitions == ()
    resumed = resume(paused.standing, at=100 * S)
    assert resumed.standing.state is State.PENDING
    assert after(resumed.standing, DOWN).standing == resumed.standing  # a slot before the resume
    first = judge(resumed.standing, POLICY, Verdict(100 * S, UP, Cause()), now=101 * S)
    assert first.standing.state is State.UP, "the slot that is due with the resume"
    assert pause(paused.standing, at=60 * S).transitions == ()
    assert resume(standing(), at=60 * S).transitions == ()


OUTCOMES = st.sampled_from([UP, DOWN, DEGRADED])
POLICIES = st.builds(
    Policy,
    interval_ms=st.integers(5, 300).map(lambda s: s * S),
    timeout_ms=st.integers(1, 30).map(lambda s: s * S),
    failure_threshold=st.integers(1, 5),
    recovery_threshold=st.integers(1, 5),
    retry_ms=st.integers(1, 60).map(lambda s: s * S),
)


@given(POLICIES, st.lists(st.tuples(OUTCOMES, st.integers(1, 5)), max_size=40))
def test_changes_are_counted_without_gaps_and_in_order(
    policy: Policy, rounds: list[tuple[Outcome, int]]
) -> None:
    now, current, last = 0, standing(State.PENDING), (1, 0, State.PENDING)
    for outcome, gap in rounds:
        now += gap * interval(policy)
        judgement = judge(current, policy, Verdict(now, outcome, Cause()), now=now)
        current = judgement.standing
        for change in judgement.transitions:
            assert change.sequence == last[0] + 1
            assert change.since >= last[1]
            assert change.previous is last[2] is not change.state
            last = (change.sequence, change.since, change.state)
        assert current.state is last[2]


@given(POLICIES, st.lists(OUTCOMES, min_size=1, max_size=40))
def test_down_takes_as_many_failing_rounds_in_a_row_as_asked(
    policy: Policy, outcomes: list[Outcome]
) -> None:
    current, in_a_row = standing(State.PENDING), 0
    for number, outcome in enumerate(outcomes, start=1):
        was_down = current.state is State.DOWN
        verdict = Verdict(number * interval(policy), outcome, Cause())
        current = judge(current, policy, verdict, now=verdict.slot).standing
        in_a_row = in_a_row + 1 if outcome is DOWN else 0
        if not was_down:
            assert (current.state is State.DOWN) == (in_a_row >= policy.failure_threshold)
