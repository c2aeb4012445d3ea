"""A script can be had again, and says what it plays."""

from __future__ import annotations

import itertools

from tests.faults.truth import MODES, UP, Pace, script

PACE = Pace(well=(60_000, 90_000), broken=(30_000, 50_000))
PLAYED = script(7, targets=40, begin=1_000_000, until=1_600_000, pace=PACE)


def test_the_same_seed_gives_the_same_truth() -> None:
    again = script(7, targets=40, begin=1_000_000, until=1_600_000, pace=PACE)
    assert again == PLAYED
    assert script(8, targets=40, begin=1_000_000, until=1_600_000, pace=PACE) != PLAYED


def test_all_is_over_at_the_end_and_some_never_break() -> None:
    outages = PLAYED.all()
    assert min(outage.start for outage in outages) >= 1_000_000
    assert max(outage.end for outage in outages) <= 1_600_000
    assert 0 < len({outage.target for outage in outages}) <= 30
    assert {outage.mode for outage in outages} == set(MODES)


def test_between_outages_a_target_is_well_for_long_enough() -> None:
    for outages in PLAYED.outages.values():
        for before, after in itertools.pairwise(outages):
            assert after.start - before.end >= PACE.well[0]


def test_the_mode_is_that_of_the_outage_from_its_start_until_before_its_end() -> None:
    outage = PLAYED.all()[0]
    assert PLAYED.mode(outage.target, outage.start - 1) == UP
    assert PLAYED.mode(outage.target, outage.start) == outage.mode
    assert PLAYED.mode(outage.target, outage.end - 1) == outage.mode
    assert PLAYED.mode(outage.target, outage.end) == UP
    assert PLAYED.mode(0, outage.start) == UP, "every fourth never breaks"
