"""A broken region calls nothing down; a great outage goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.outcome import Outcome
from vedette.core.state import State
from vedette.processor.domain import Policy, Standing, patient
from vedette.processor.regions.weighing import (
    LEAST,
    SHARE,
    SOUND,
    Seen,
    Vote,
    Weight,
    seen_by,
    weigh,
)

UP, DOWN = Outcome.UP, Outcome.DOWN


def a_sight(*, turned: int, well: int, elsewhere: Sequence[bool | None] = ()) -> list[Seen]:
    """The newest have turned; of the first of them others say `elsewhere`."""
    said = [*elsewhere, *[None] * turned][:turned]
    newest = [Seen(1000 - n, turned=True, elsewhere=one) for n, one in enumerate(said)]
    return newest + [Seen(500 - n, turned=False) for n in range(well)]


def weight(seen: list[Seen], *, cut_off: bool = False, shared: bool = False) -> Weight:
    return weigh(seen, cut_off=cut_off, shared=shared).weight


def test_a_great_outage_that_nobody_contradicts_goes_through() -> None:
    assert weight(a_sight(turned=300, well=0)) is Weight.SOUND
    assert weight(a_sight(turned=300, well=0, elsewhere=[True] * 3), shared=True) is Weight.SOUND


def test_what_other_regions_contradict_is_worth_nothing() -> None:
    seen = a_sight(turned=40, well=10, elsewhere=[False, False, True])
    weighed = weigh(seen, cut_off=False, shared=True)
    assert weighed.weight is Weight.WORTHLESS
    assert weighed.why == (
        "40 of its 50 monitors have turned to failing there, of which other regions see 2 of 3 well"
    )


def test_what_the_canaries_contradict_is_worth_nothing() -> None:
    weighed = weigh(a_sight(turned=20, well=0), cut_off=True, shared=False)
    assert weighed.weight is Weight.WORTHLESS
    assert weighed.why.endswith("and no canary answers its probers")


def test_until_enough_were_checked_it_is_doubted() -> None:
    assert weight(a_sight(turned=5, well=95), cut_off=True) is Weight.DOUBTFUL
    assert weight(a_sight(turned=12, well=8), cut_off=True) is Weight.DOUBTFUL, "60 % is not over"
    assert weight(a_sight(turned=13, well=8), cut_off=True) is Weight.WORTHLESS


def test_until_others_were_heard_it_is_doubted_for_a_shorter_while() -> None:
    weighed = weigh(a_sight(turned=5, well=95), cut_off=False, shared=True)
    assert weighed.weight is Weight.DOUBTFUL
    contradicted = weigh(a_sight(turned=5, well=95), cut_off=True, shared=True)
    assert 0 < weighed.hold_ms < contradicted.hold_ms


def test_a_small_region_proves_nothing() -> None:
    assert weight(a_sight(turned=LEAST - 1, well=0), cut_off=True) is Weight.SOUND


def test_a_single_failure_among_good_ones_is_not_doubted() -> None:
    assert weight(a_sight(turned=1, well=99), cut_off=True, shared=True) is Weight.SOUND


sights = st.lists(
    st.builds(
        Seen,
        st.integers(0, 10**6),
        turned=st.booleans(),
        elsewhere=st.sampled_from([None, True, False]),
    ),
    max_size=60,
)


@given(sights, st.booleans(), st.booleans())
def test_nothing_is_called_worthless_without_a_contradiction(
    seen: list[Seen], cut_off: bool, shared: bool
) -> None:
    found = weight(seen, cut_off=cut_off, shared=shared)
    said = [one.elsewhere for one in seen if one.turned]
    contradicted = cut_off or said.count(False) > said.count(True)
    if found is Weight.WORTHLESS:
        assert contradicted
        assert len(seen) >= LEAST
        assert sum(one.turned for one in seen) > SHARE * LEAST
    if found is Weight.DOUBTFUL:
        assert contradicted or (shared and not any(one is not None for one in said))
    if not contradicted and (not shared or any(one is not None for one in said)):
        assert weigh(seen, cut_off=cut_off, shared=shared) == SOUND


@given(sights)
def test_a_region_of_which_all_has_turned_is_worth_nothing_to_its_canaries(
    seen: list[Seen],
) -> None:
    turned = [replace(one, turned=True) for one in seen]
    expected = Weight.WORTHLESS if len(turned) >= LEAST else Weight.SOUND
    assert weight(turned, cut_off=True) is expected


@given(sights, st.booleans())
def test_more_good_news_never_lowers_the_weight(seen: list[Seen], cut_off: bool) -> None:
    order = [Weight.WORTHLESS, Weight.DOUBTFUL, Weight.SOUND]
    better = [replace(one, turned=False) for one in seen[:5]] + seen[5:]
    if not cut_off:
        return  # what others say of what has not turned is not asked
    before, after = (weight(each, cut_off=cut_off) for each in (seen, better))
    assert order.index(after) >= order.index(before)


A, B, C = (UUID(int=n) for n in (1, 2, 3))


def test_what_others_said_before_it_failed_is_no_contradiction() -> None:
    votes = [
        Vote(A, "us", 10, UP),
        Vote(A, "eu", 20, UP),
        Vote(A, "eu", 30, DOWN),
        Vote(A, "eu", 40, DOWN),
        Vote(B, "eu", 41, DOWN),
        Vote(B, "us", 41, UP),
        Vote(B, "ap", 41, UP),
        Vote(C, "eu", 42, DOWN),
    ]
    assert seen_by("eu", votes, long_down={C}) == [
        Seen(42, turned=False),
        Seen(41, turned=True, elsewhere=False),
        Seen(40, turned=True, elsewhere=None),
    ]


def test_what_others_said_last_counts() -> None:
    votes = [
        Vote(A, "eu", 30, DOWN),
        Vote(A, "us", 30, UP),
        Vote(A, "us", 35, DOWN),
        Vote(A, "eu", 40, DOWN),
    ]
    assert seen_by("eu", votes, ()) == [Seen(40, turned=True, elsewhere=True)]


@pytest.mark.parametrize("threshold", [1, 2, 5])
def test_what_is_doubted_is_put_off_but_not_for_ever(threshold: int) -> None:
    policy = Policy(60_000, 10_000, threshold, 1, 5_000)
    fresh = Standing(State.UP, 0)
    assert patient(policy, fresh, 1000, 20_000).failure_threshold == 2
    run = replace(fresh, failures=7, run_since=1000)
    assert patient(policy, run, 20_000, 20_000).failure_threshold == 9
    assert patient(policy, run, 21_000, 20_000) is policy
