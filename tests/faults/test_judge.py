"""The judge has to find what it is there to find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.faults.judge import (
    BAR,
    Blindness,
    Case,
    Change,
    Check,
    Incident,
    Received,
    Watched,
    judge,
)
from tests.faults.truth import Outage

OUTAGE = Outage(target=1, start=100_000, end=200_000, mode="status")
SLOTS = tuple(range(0, 300_000, 10_000))
WATCHED = Watched(1, ("east", "west"), interval_ms=10_000, timeout_ms=5_000, slots=SLOTS)
INCIDENT = Incident("i", 1, opened_by=3, since=100_000, recovered_at=200_000)
CHANGES = (
    Change(1, 1, "pending", 0, 0),
    Change(1, 2, "up", 0, 100),
    Change(1, 3, "down", 100_000, 112_000),
    Change(1, 4, "up", 200_000, 200_100),
)
RECEIVED = (
    Received("email", "i", "opened", "<1>"),
    Received("email", "i", "resolved", "<2>"),
)


def checks() -> tuple[Check, ...]:
    """One for each slot and region, true to the outage."""
    return tuple(
        Check(1, region, slot, "down" if 100_000 <= slot < 200_000 else "up", slot + 10, 20.0)
        for region in WATCHED.regions
        for slot in SLOTS
    )


def case(**changes: Any) -> Case:
    """One target that broke once, and everything as it should be but for what is given."""
    good = Case(
        monitors=[WATCHED],
        outages=[OUTAGE],
        channels=["email"],
        checks=checks(),
        changes=CHANGES,
        incidents=[INCIDENT],
        received=RECEIVED,
    )
    return replace(good, **changes)


def found(**changes: Any) -> dict[str, int]:
    """What the judge holds against it, counted."""
    verdict = judge(case(**changes))
    return {name: len(what) for name, what in verdict.findings.items() if what}


def test_what_is_as_it_should_be_holds() -> None:
    verdict = judge(case())
    assert verdict.holds, verdict.findings
    assert set(verdict.findings) == set(BAR)
    assert verdict.figures["outages that must be reported"] == 1
    assert verdict.figures["outages reported"] == 1
    assert verdict.figures["slots due"] == 2 * len(SLOTS)


def test_a_lost_message_is_found() -> None:
    assert found(received=RECEIVED[:1]) == {"lost messages": 1}


def test_a_repeated_arrival_is_no_second_message() -> None:
    verdict = judge(case(received=(*RECEIVED, RECEIVED[0])))
    assert verdict.holds
    assert (verdict.figures["raw messages"], verdict.figures["visible messages"]) == (3, 2)


def test_a_second_message_of_the_same_turn_is_found() -> None:
    again = replace(RECEIVED[0], key="<3>")
    assert found(received=(*RECEIVED, again)) == {"doubled messages": 1}


def test_a_message_of_nothing_that_happened_is_found() -> None:
    stray = replace(RECEIVED[0], incident="j")
    assert found(received=(*RECEIVED, stray)) == {"doubled messages": 1}


def test_a_slot_without_a_check_is_found() -> None:
    assert found(checks=checks()[1:]) == {"slots unaccounted": 1}


def test_a_slot_with_two_checks_is_found() -> None:
    assert found(checks=(*checks(), checks()[0])) == {"slots unaccounted": 1}


def test_an_outage_that_nobody_was_told_of_is_found() -> None:
    assert found(incidents=[], received=(), changes=CHANGES[:2]) == {"unreported outages": 1}


def test_an_outage_too_short_to_be_confirmed_may_be_passed_over() -> None:
    blip = replace(OUTAGE, end=102_000)
    true = tuple(replace(check, outcome="up") for check in checks())
    silent = {"incidents": [], "received": (), "changes": CHANGES[:2]}
    assert found(outages=[blip], checks=true, **silent) == {}


def test_an_outage_that_could_not_be_seen_need_not_be_told_of() -> None:
    silent = {"incidents": [], "received": (), "changes": CHANGES[:2], "checks": ()}
    dark = [Blindness(90_000, 170_000)]
    assert "unreported outages" not in found(blind=dark, **silent)
    assert "unreported outages" in found(blind=[Blindness(90_000, 110_000)], **silent)


def test_what_one_region_could_not_see_another_could() -> None:
    silent: dict[str, Any] = {"incidents": [], "received": (), "changes": CHANGES[:2]}
    dark = [Blindness(90_000, 170_000, region="east")]
    assert "unreported outages" in found(blind=dark, checks=(), **silent)
    alone = replace(WATCHED, regions=("east",))
    assert "unreported outages" not in found(blind=dark, checks=(), monitors=[alone], **silent)


def test_an_incident_without_an_outage_is_a_false_down() -> None:
    lie = Incident("j", 1, opened_by=5, since=250_000, recovered_at=260_000)
    changes = (
        *CHANGES,
        Change(1, 5, "down", 250_000, 262_000),
        Change(1, 6, "up", 260_000, 262_000),
    )
    told = tuple(replace(one, incident="j", key=f"{one.key}j") for one in RECEIVED)
    everything = {"changes": changes, "received": RECEIVED + told}
    assert found(incidents=[INCIDENT, lie], **everything) == {"false downs": 1}


def test_a_second_incident_of_the_same_outage_is_found() -> None:
    second = Incident("j", 1, opened_by=5, since=150_000, recovered_at=200_000)
    told = tuple(replace(one, incident="j", key=f"{one.key}j") for one in RECEIVED)
    assert found(incidents=[INCIDENT, second], received=RECEIVED + told) == {"doubled incidents": 2}


def test_a_change_that_opened_no_incident_is_found() -> None:
    silent = found(incidents=[], received=())
    assert silent == {"unreported outages": 1, "lost incidents": 1}


@pytest.mark.parametrize("changes", [CHANGES, CHANGES[:3]])
def test_an_incident_that_never_ends_is_found(changes: tuple[Change, ...]) -> None:
    endless = replace(INCIDENT, recovered_at=None)
    assert found(incidents=[endless], received=RECEIVED[:1], changes=changes) == {
        "lost incidents": 1
    }


def test_one_incident_over_two_outages_is_right_only_where_nobody_could_see_between() -> None:
    first, second = replace(OUTAGE, end=120_000), replace(OUTAGE, start=150_000)
    both = {"outages": [first, second], "checks": ()}
    assert found(**both)["unreported outages"] == 1
    dark = [Blindness(118_000, 151_000)]
    assert "unreported outages" not in found(**both, blind=dark)


def test_unknown_in_between_neither_ends_nor_doubles_an_incident() -> None:
    changes = (
        *CHANGES[:3],
        Change(1, 4, "unknown", 130_000, 135_000),
        Change(1, 5, "down", 150_000, 150_100),
        Change(1, 6, "up", 200_000, 200_100),
    )
    assert found(changes=changes) == {}


@pytest.mark.parametrize(
    ("slot", "outcome"), [(50_000, "down"), (250_000, "down"), (150_000, "up")]
)
def test_a_check_that_says_what_was_not_true_is_found(slot: int, outcome: str) -> None:
    lying = tuple(
        replace(check, outcome=outcome) if (check.slot, check.region) == (slot, "east") else check
        for check in checks()
    )
    assert found(checks=lying) == {"false checks": 1}


def test_what_our_own_faults_make_of_a_check_says_nothing_of_a_target() -> None:
    ours = tuple(
        replace(check, outcome="missed", started_at=None, duration_ms=None) for check in checks()
    )
    assert found(checks=ours) == {}


def test_a_parked_message_is_found() -> None:
    assert found(parked=["processor.results: ValueError"]) == {"parked messages": 1}
