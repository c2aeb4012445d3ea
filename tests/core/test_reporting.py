"""What reports, and their absence, come to."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.outcome import Outcome, Reason
from vedette.core.reporting import (
    CATCH_UP_MS,
    MOST_RUNS,
    Finding,
    Report,
    Signal,
    Terms,
    Vigil,
    afresh,
    lapse,
    take,
    wakes_at,
)
from vedette.core.schedule import Cron, Period

S = 1000
HOUR = 3600 * S
START = 1_790_000_000_000 // HOUR * HOUR
EVERY_MINUTE = Terms(Period(60 * S), grace_ms=10 * S)


def told(
    terms: Terms,
    reports: Sequence[Report],
    *,
    until: int,
    begin: Vigil | None = None,
    listening_since: int = 0,
) -> list[Finding]:
    """Everything that is found up to an instant."""
    vigil, found = begin or afresh(Vigil(), terms, at=START), []
    for report in reports:
        vigil, lapsed = lapse(vigil, terms, until=report.at, listening_since=listening_since)
        vigil, finding = take(vigil, report)
        found += [*lapsed, *([finding] if finding else [])]
    _, lapsed = lapse(vigil, terms, until=until, listening_since=listening_since)
    return [*found, *lapsed]


def said(at_s: float, signal: Signal = Signal.SUCCESS, **more: object) -> Report:
    return Report(START + int(at_s * S), signal, **more)  # type: ignore[arg-type]


def brief(found: Sequence[Finding]) -> list[tuple[float, str]]:
    return [((each.slot - START) / S, str(each.reason or each.outcome)) for each in found]


def test_nothing_is_missing_before_the_first_report() -> None:
    assert told(EVERY_MINUTE, [], until=START + HOUR) == []


def test_a_first_report_may_be_expected_from_the_start() -> None:
    terms = replace(EVERY_MINUTE, at_once=True)
    assert brief(told(terms, [], until=START + 135 * S)) == [
        (70, "run_missing"),
        (130, "run_missing"),
    ]


def test_reports_in_time_are_up_and_nothing_else() -> None:
    reports = [said(at) for at in (5, 65, 134.9, 195)]
    assert brief(told(EVERY_MINUTE, reports, until=START + 264 * S)) == [
        (5, "up"),
        (65, "up"),
        (134.9, "up"),
        (195, "up"),
    ]


def test_a_report_after_the_grace_time_finds_a_missing_run_and_then_a_good_one() -> None:
    found = told(EVERY_MINUTE, [said(0), said(90)], until=START + 91 * S)
    assert brief(found) == [(0, "up"), (70, "run_missing"), (90, "up")]
    assert "one was due at" in str(found[1].message)
    assert "10 s of grace" in str(found[1].message)


def test_a_failing_run_is_down_at_once_and_says_its_exit_status() -> None:
    (finding,) = told(EVERY_MINUTE, [said(0, Signal.FAIL, exit_status=3)], until=START)
    assert (finding.outcome, finding.reason) == (Outcome.DOWN, Reason.RUN_FAILED)
    assert finding.message == "a failure was reported: exit status 3"
    assert finding.facts["exit_status"] == 3


def test_a_run_is_timed_from_its_start() -> None:
    reports = [said(0, Signal.START), said(8)]
    (finding,) = told(EVERY_MINUTE, reports, until=START + 9 * S)
    assert finding.duration_ms == 8 * S
    assert finding.facts["run_time"] == 8


def test_runs_that_overlap_are_told_apart_by_their_id() -> None:
    reports = [
        said(0, Signal.START, run="a"),
        said(1, Signal.START, run="b"),
        said(5, run="a"),
        said(7, run="b"),
    ]
    found = told(EVERY_MINUTE, reports, until=START + 9 * S)
    assert [finding.facts["run_time"] for finding in found] == [5, 6]
    assert [finding.facts["run"] for finding in found] == ["a", "b"]


def test_a_run_that_does_not_end_is_late_and_not_missing() -> None:
    terms = replace(EVERY_MINUTE, max_run_ms=200 * S)
    found = told(terms, [said(0), said(60, Signal.START)], until=START + 265 * S)
    assert brief(found) == [(0, "up"), (260, "run_late")]
    assert "has not ended within 200 s" in str(found[1].message)


def test_a_run_may_take_as_long_as_the_grace_time_if_nothing_else_is_said() -> None:
    found = told(EVERY_MINUTE, [said(0, Signal.START)], until=START + 20 * S)
    assert brief(found) == [(10, "run_late")]


def test_a_late_run_that_ends_well_is_up_again() -> None:
    found = told(EVERY_MINUTE, [said(0, Signal.START), said(30)], until=START + 31 * S)
    assert brief(found) == [(10, "run_late"), (30, "up")]


def test_a_note_changes_nothing() -> None:
    found = told(EVERY_MINUTE, [said(0), said(50, Signal.LOG)], until=START + 71 * S)
    assert brief(found) == [(0, "up"), (70, "run_missing")]


def test_what_was_due_while_nobody_listened_is_not_called_missing() -> None:
    (_, finding) = told(
        EVERY_MINUTE, [said(0)], until=START + 71 * S, listening_since=START + 65 * S
    )
    assert finding.outcome is Outcome.MISSED
    assert "did not listen" in str(finding.message)


def test_a_run_whose_end_may_have_been_missed_is_not_called_late() -> None:
    terms = replace(EVERY_MINUTE, max_run_ms=200 * S)
    reports = [said(0, Signal.START)]
    (finding,) = told(terms, reports, until=START + 210 * S, listening_since=START + 100 * S)
    assert finding.outcome is Outcome.MISSED


def test_listening_again_before_a_report_is_due_is_soon_enough() -> None:
    found = told(EVERY_MINUTE, [said(0)], until=START + 71 * S, listening_since=START + 50 * S)
    assert brief(found)[1] == (70, "run_missing")


def test_a_clock_a_little_ahead_makes_no_run_missing() -> None:
    hourly = Terms(Cron("0 * * * *"), grace_ms=60 * S)
    reports = [said(-1), said(3599), said(7200.5)]
    begin = Vigil(since=START - HOUR // 2)
    found = told(hourly, reports, until=START + 2 * HOUR + 1800 * S, begin=begin)
    assert [str(each.outcome) for each in found] == ["up"] * 3


def test_grace_is_half_the_time_between_two_reports_within_bounds() -> None:
    for every_s, grace_s in ((20, 30), (600, 300), (86_400, 3600)):
        due = Terms(Period(every_s * S)).due_after(START)
        assert due is not None
        assert due.deadline - due.at == grace_s * S


def test_a_monitor_that_is_resumed_expects_anew() -> None:
    reported = Vigil(since=START, runs={"a": START}, last_slot=START)
    resumed = afresh(reported, EVERY_MINUTE, at=START + HOUR)
    assert wakes_at(resumed, EVERY_MINUTE) == START + HOUR + 70 * S


def test_two_reports_at_the_same_instant_are_two_checks() -> None:
    found = told(EVERY_MINUTE, [said(0, Signal.FAIL), said(0)], until=START)
    assert [each.slot for each in found] == [START, START + 1]


def test_open_runs_are_bounded() -> None:
    vigil = Vigil()
    for number in range(3 * MOST_RUNS):
        vigil, _ = take(vigil, said(number, Signal.START, run=str(number)))
    assert len(vigil.runs) == MOST_RUNS
    assert str(3 * MOST_RUNS - 1) in vigil.runs


def test_a_long_absence_is_not_told_slot_by_slot() -> None:
    week = 7 * 24 * HOUR
    for schedule in (Period(60 * S), Cron("* * * * *")):
        terms = Terms(schedule, grace_ms=10 * S)
        begin = Vigil(since=START)
        vigil, found = lapse(begin, terms, until=START + week, listening_since=START + week)
        assert 58 <= len(found) <= 62
        assert all(each.slot >= START + week - CATCH_UP_MS for each in found)
        deadline = wakes_at(vigil, terms)
        assert deadline is not None
        assert deadline > START + week


TERMS = st.builds(
    Terms,
    st.one_of(
        st.integers(10, 900).map(lambda s: Period(s * S)),
        st.sampled_from([Cron("*/5 * * * *"), Cron("7 * * * *"), Cron("0 3 * * *")]),
    ),
    st.one_of(st.none(), st.integers(1, 600).map(lambda s: s * S)),
    st.one_of(st.none(), st.integers(1, 600).map(lambda s: s * S)),
    st.booleans(),
)
REPORTS = st.lists(
    st.tuples(
        st.integers(0, 900_000),
        st.sampled_from([Signal.SUCCESS, Signal.FAIL, Signal.START, Signal.LOG]),
        st.sampled_from(["", "a", "b"]),
    ),
    max_size=12,
)


@given(TERMS, REPORTS, st.integers(0, 3 * HOUR // 4))
def test_what_is_found_does_not_depend_on_when_it_is_worked_out(
    terms: Terms, steps: list[tuple[int, Signal, str]], tail: int
) -> None:
    """Looked at each second or once in the end: the same findings."""
    at, reports = START, []
    for gap, signal, run in steps:
        at += gap
        reports.append(Report(at, signal, run))
    until = at + tail
    once = told(terms, reports, until=until)

    vigil, found = afresh(Vigil(), terms, at=START), []
    waiting = [*reports, None]
    for report in waiting:
        end = until if report is None else report.at
        while True:
            deadline = wakes_at(vigil, terms)
            if deadline is None or deadline > end:
                break
            vigil, lapsed = lapse(vigil, terms, until=deadline, listening_since=0)
            found += lapsed
        if report is not None:
            vigil, finding = take(vigil, report)
            found += [finding] if finding else []
    assert found == once


@given(TERMS, REPORTS)
def test_slots_go_up_and_every_result_is_told(
    terms: Terms, steps: list[tuple[int, Signal, str]]
) -> None:
    at, reports = START, []
    for gap, signal, run in steps:
        at += gap
        reports.append(Report(at, signal, run))
    found = told(terms, reports, until=at + HOUR // 2)
    slots = [each.slot for each in found]
    assert slots == sorted(set(slots))
    ended = sum(report.signal in {Signal.SUCCESS, Signal.FAIL} for report in reports)
    assert sum(each.reason in {None, Reason.RUN_FAILED} for each in found) == ended


@pytest.mark.parametrize("signal", [Signal.UP, Signal.DEGRADED, Signal.DOWN])
def test_results_say_what_they_say(signal: Signal) -> None:
    report = said(0, signal, message="so it is", duration_ms=12.5)
    (finding,) = told(Terms(), [report], until=START + HOUR)
    assert finding.outcome.value == signal.value
    assert (finding.message, finding.duration_ms) == ("so it is", 12.5)
