"""When a region is unhealthy, and when it is only being started anew."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.regions import Trouble
from vedette.processor.regions.domain import (
    NEW_MS,
    STEADY_MS,
    UNWATCHED_MS,
    Health,
    Sight,
    look,
    problem_of,
)

S = 1000
LOOK = 5 * S
PATIENCE = 60 * S
WELL = Sight(live=1, known=1)
GONE = Sight(live=0, known=1)
CUT_OFF = Sight(live=2, known=2, cut_off=2)


def watched(*sights: tuple[Sight, int], before: Health | None = None) -> Health:
    """Looks each five seconds: at each sight for so many seconds."""
    now = before.looked_at if before else 0
    for sight, seconds in sights:
        for _ in range(seconds // 5):
            now += LOOK
            before = look(before, "eu", sight, now=now, patience_ms=PATIENCE)
    assert before is not None
    return before


def test_a_region_without_prober_is_unhealthy_after_its_time() -> None:
    assert watched((WELL, 60), (GONE, 60)).healthy
    health = watched((WELL, 60), (GONE, 70))
    assert not health.healthy
    assert health.since == 65 * S, "since it looks so, not since that counts"
    assert health.problem is not None
    assert health.problem.trouble is Trouble.NO_PROBERS


def test_a_prober_that_is_started_anew_is_no_news() -> None:
    restarts = [(WELL, 20), (GONE, 50)] * 5
    assert watched(*restarts).healthy


def test_results_are_a_sign_of_life() -> None:
    assert watched((WELL, 60), (replace(GONE, results=True), 600)).healthy


def test_a_region_that_never_had_a_prober_gets_its_time() -> None:
    nobody = Sight(live=0)
    assert watched((nobody, NEW_MS // S)).healthy
    health = watched((nobody, NEW_MS // S + 10))
    assert not health.healthy
    assert health.problem is not None
    assert "was ever heard of" in health.problem.message


def test_one_whose_probers_have_all_lost_their_uplink_is_unhealthy() -> None:
    health = watched((WELL, 60), (CUT_OFF, 70))
    assert not health.healthy
    assert health.problem is not None
    assert health.problem.trouble is Trouble.UPLINK
    assert watched((WELL, 60), (replace(CUT_OFF, cut_off=1), 600)).healthy


def test_trouble_that_changes_its_name_goes_on() -> None:
    assert not watched((WELL, 60), (CUT_OFF, 35), (GONE, 35)).healthy


def test_disagreement_counts_at_once() -> None:
    assert not watched((WELL, 60), (replace(WELL, disagreement="so it is"), 5)).healthy


def test_it_recovers_when_it_has_been_well_for_a_while() -> None:
    ill = watched((WELL, 60), (GONE, 70))
    assert not watched((WELL, STEADY_MS // S), before=ill).healthy
    health = watched((WELL, STEADY_MS // S + 5), before=ill)
    assert health.healthy
    assert health.since == ill.looked_at + LOOK
    assert health.problem is None


def test_what_was_while_nobody_looked_counts_for_nothing() -> None:
    health = watched((WELL, 60))
    later = health.looked_at + 3600 * S
    health = look(health, "eu", GONE, now=later, patience_ms=PATIENCE)
    assert health.healthy
    health = look(health, "eu", GONE, now=later + PATIENCE - LOOK, patience_ms=PATIENCE)
    assert health.healthy, "and the time before this look was too long as well"
    assert not watched((GONE, 60), before=health).healthy


@given(
    st.lists(st.tuples(st.sampled_from([WELL, GONE, CUT_OFF]), st.integers(0, 90 * S)), min_size=1)
)
def test_it_turns_only_after_it_was_watched_looking_so(looks: list[tuple[Sight, int]]) -> None:
    health: Health | None = None
    now = 0
    seen: list[tuple[int, bool]] = []
    for sight, pause in looks:
        now += pause
        before = health
        health = look(before, "eu", sight, now=now, patience_ms=PATIENCE)
        bad = problem_of("eu", sight, had_prober=True) is not None
        seen.append((now, bad))
        if before is not None and before.healthy is not health.healthy:
            assert health.healthy is not bad
            needed = PATIENCE if bad else STEADY_MS
            stretch = [(at, was) for at, was in seen if at >= now - needed]
            assert all(was is bad for _, was in stretch)
            times = [at for at, _ in seen if at >= health.since]
            gaps = [b - a for a, b in pairwise(times)]
            assert max(gaps, default=0) <= UNWATCHED_MS


@pytest.mark.parametrize("sight", [WELL, replace(WELL, live=3, known=3, cut_off=2)])
def test_nothing_is_wrong_with_a_region_that_works(sight: Sight) -> None:
    assert problem_of("eu", sight, had_prober=True) is None
