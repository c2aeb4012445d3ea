"""Rounds of several regions: what they come to, in whatever order the votes come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from vedette.core.events import Cause
from vedette.core.outcome import VOTES, Outcome, Reason
from vedette.processor.domain import GRACE_MS, Policy, closes_at, tally
from vedette.processor.rounds import Round

S = 1000
UP, DOWN, DEGRADED = Outcome.UP, Outcome.DOWN, Outcome.DEGRADED
SAW_NOTHING, MISSED = Outcome.INTERNAL_ERROR, Outcome.MISSED
REGIONS = ("fra", "nyc", "sgp", "syd", "gru", "jnb", "sin")
POLICY = Policy(
    interval_ms=60 * S, timeout_ms=10 * S, failure_threshold=2, recovery_threshold=1, retry_ms=5 * S
)


def of(*outcomes: Outcome, regions: int, closed: bool = False) -> Outcome | None:
    """The tally of the first regions' outcomes."""
    ended = dict(zip(REGIONS, outcomes, strict=False))
    return tally(ended, REGIONS[:regions], closed=closed)


def test_a_round_of_one_region_is_its_vote() -> None:
    assert of(DOWN, regions=1) is DOWN
    assert of(UP, regions=1) is UP
    assert of(DEGRADED, regions=1) is DEGRADED
    assert of(regions=1) is None
    assert of(SAW_NOTHING, regions=1) is None


def test_a_round_of_three_needs_two() -> None:
    assert of(DOWN, regions=3) is None
    assert of(DOWN, UP, regions=3) is None
    assert of(DOWN, DOWN, regions=3) is DOWN
    assert of(DOWN, UP, DOWN, regions=3) is DOWN
    assert of(UP, UP, regions=3) is UP
    assert of(SAW_NOTHING, DOWN, regions=3) is None
    assert of(SAW_NOTHING, DOWN, UP, regions=3) is UP
    assert of(SAW_NOTHING, SAW_NOTHING, DOWN, regions=3) is DOWN


def test_it_is_the_worst_that_a_majority_saw() -> None:
    assert of(UP, DEGRADED, UP, regions=3) is UP
    assert of(UP, DEGRADED, DEGRADED, regions=3) is DEGRADED
    assert of(DOWN, DEGRADED, UP, regions=3) is DEGRADED
    assert of(UP, DEGRADED, regions=3) is None


def test_a_closed_round_goes_by_the_votes_there_are() -> None:
    assert of(DOWN, regions=3, closed=True) is DOWN
    assert of(DOWN, UP, regions=3, closed=True) is UP
    assert of(SAW_NOTHING, MISSED, regions=3, closed=True) is None
    assert of(regions=3, closed=True) is None


def test_an_unhealthy_region_has_no_say_and_is_not_waited_for() -> None:
    ended = {"fra": DOWN, "nyc": DOWN, "sgp": UP}
    assert tally(ended, REGIONS[:3], unhealthy={"fra"}) is UP
    assert tally({"sgp": UP}, REGIONS[:3], unhealthy={"fra", "nyc"}) is UP
    assert tally(ended, REGIONS[:3], unhealthy=set(REGIONS)) is None


def test_a_region_that_was_not_asked_has_no_say() -> None:
    assert tally({"old": DOWN}, ["new"]) is None
    assert tally({"old": DOWN, "new": UP}, ["new"]) is UP


OUTCOMES = st.sampled_from([UP, DOWN, DEGRADED, SAW_NOTHING, MISSED])
ROUNDS = st.integers(1, len(REGIONS)).flatmap(
    lambda n: st.tuples(
        st.just(REGIONS[:n]),
        st.dictionaries(st.sampled_from(REGIONS[:n]), OUTCOMES).flatmap(
            lambda ended: st.permutations(list(ended.items()))
        ),
        st.sets(st.sampled_from(REGIONS[:n])),
    )
)


@given(ROUNDS)
def test_whatever_the_order_and_whoever_is_silent_the_verdict_is_the_same(
    drawn: tuple[Sequence[str], Sequence[tuple[str, Outcome]], set[str]],
) -> None:
    asked, arrivals, unhealthy = drawn
    final = tally(dict(arrivals), asked, unhealthy=unhealthy, closed=True)
    said: list[Outcome] = []
    for count in range(1, len(arrivals) + 1):
        now = tally(dict(arrivals[:count]), asked, unhealthy=unhealthy)
        if now is not None:
            said.append(now)
        # Once more, as if it were delivered again.
        assert (
            tally(dict([*arrivals[:count], *arrivals[:count]]), asked, unhealthy=unhealthy) is now
        )
    assert set(said) <= {final}, "what is said early is what the close would say"
    if set(asked) == {region for region, _ in arrivals}:
        assert tally(dict(arrivals), asked, unhealthy=unhealthy) is final


@given(ROUNDS)
def test_down_takes_a_majority_of_those_with_a_say(
    drawn: tuple[Sequence[str], Sequence[tuple[str, Outcome]], set[str]],
) -> None:
    asked, arrivals, unhealthy = drawn
    counted = [o for region, o in arrivals if region not in unhealthy and o in VOTES]
    final = tally(dict(arrivals), asked, unhealthy=unhealthy, closed=True)
    assert (final is DOWN) == (counted.count(DOWN) > len(counted) / 2)
    assert (final is None) == (not counted)


def a_round(ended: Mapping[str, Cause], *, unhealthy: Sequence[str] = ()) -> Round:
    return Round(60 * S, REGIONS[:3], ended, unhealthy)


def a_check(region: str, outcome: Outcome, reason: Reason | None = None) -> Cause:
    return Cause(region=region, outcome=outcome, reason=reason, duration_ms=7)


def test_what_stands_for_a_round_agrees_with_its_verdict_and_carries_all_votes() -> None:
    checks = [
        a_check("fra", UP),
        a_check("nyc", DOWN, Reason.STATUS),
        a_check("sgp", DOWN, Reason.TIMEOUT),
    ]
    polled = a_round({str(check.region): check for check in checks})
    assert polled.outcome() is DOWN
    cause = polled.cause(DOWN)
    assert cause is not None
    assert (cause.region, cause.reason) == ("nyc", Reason.STATUS)
    assert [(vote.region, vote.outcome, vote.reason) for vote in cause.votes] == [
        ("fra", UP, None),
        ("nyc", DOWN, Reason.STATUS),
        ("sgp", DOWN, Reason.TIMEOUT),
    ]


def test_the_reason_is_the_one_that_most_saw() -> None:
    reasons = [Reason.STATUS, Reason.TIMEOUT, Reason.TIMEOUT]
    ended = {
        region: a_check(region, DOWN, reason)
        for region, reason in zip(REGIONS, reasons, strict=False)
    }
    cause = a_round(ended).cause(DOWN)
    assert cause is not None
    assert cause.reason is Reason.TIMEOUT


def test_who_was_not_heard_is_told_as_well() -> None:
    ended = {region: a_check(region, DOWN) for region in ("fra", "sgp")}
    votes = a_round(ended, unhealthy=["sgp"]).votes()
    assert [(v.region, v.outcome, v.unhealthy) for v in votes] == [
        ("fra", DOWN, False),
        ("nyc", None, False),
        ("sgp", DOWN, True),
    ]


@given(st.sampled_from([None, *Outcome]), st.booleans(), st.booleans())
def test_the_short_way_of_one_region_comes_to_what_is_counted(
    outcome: Outcome | None, unhealthy: bool, closed: bool
) -> None:
    ended = {} if outcome is None else {"fra": a_check("fra", outcome)}
    counted = {} if outcome is None else {"fra": outcome}
    apart = ["fra"] if unhealthy else []
    short = Round(60 * S, ("fra",), ended, apart).outcome(closed=closed)
    assert short is tally(counted, ["fra"], unhealthy=apart, closed=closed)


def test_a_round_of_one_region_needs_no_votes_beside_it() -> None:
    cause = Round(60 * S, ("fra",), {"fra": a_check("fra", DOWN)}).cause(DOWN)
    assert cause == a_check("fra", DOWN)


def test_a_round_closes_after_its_timeout_and_some_grace() -> None:
    assert closes_at(60 * S, POLICY, now=61 * S) == 70 * S + GRACE_MS


def test_a_vote_that_is_late_itself_gives_the_others_time() -> None:
    assert closes_at(60 * S, POLICY, now=100 * S) == 100 * S + GRACE_MS
