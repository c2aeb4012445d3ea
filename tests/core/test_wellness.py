"""What counts as well, and what is said of what is not."""

from dataclasses import replace

import pytest

from vedette.core.figures import Figures, Sample
from vedette.core.wellness import Finding, Level, examined, well

WELL = Figures(
    services={"gateway": 1, "scheduler": 2, "processor": 1, "incidents": 1, "notifier": 1},
    probers={"eu": 2, "us": 1},
    watched=frozenset({"eu", "us"}),
    versions={"1.0": 9},
    skews={"scheduler-1": -3.0},
    behind_s=0.4,
    sample=Sample(due=100, seen=100),
)


def finding(part: str, **changes: object) -> Finding:
    """What is found of a part when figures change."""
    [found] = [one for one in examined(replace(WELL, **changes)) if one.part == part]  # type: ignore[arg-type]
    return found


def test_what_works_is_well_and_needs_no_advice() -> None:
    found = examined(WELL)
    assert {one.level for one in found} == {Level.OK}
    assert {one.advice for one in found} == {None}
    assert well(found)


def test_one_process_can_be_every_service() -> None:
    assert finding("services", services={"up": 1}).level is Level.OK


def test_a_service_that_nobody_runs_is_named() -> None:
    found = finding("services", services={"gateway": 1, "scheduler": 1, "processor": 1})
    assert found.level is Level.BAD
    assert found.words.startswith("no incidents and notifier is live")
    assert "Start incidents and notifier" in (found.advice or "")


def test_nothing_at_all_is_not_well() -> None:
    assert not well(examined(Figures()))


def test_a_lost_region_is_a_warning_while_others_watch_and_bad_when_none_does() -> None:
    lost = finding("probers", probers={"eu": 2, "us": 0})
    assert (lost.level, lost.words) == (Level.WARN, "none is live in us")
    assert finding("probers", probers={"eu": 0}).level is Level.BAD


def test_nobody_is_needed_where_nothing_is_watched() -> None:
    assert finding("probers", probers={}, watched=frozenset()).level is Level.OK


def test_a_region_that_is_unhealthy_is_bad_only_when_no_other_watches() -> None:
    lost = finding("regions", unhealthy={"us": "the uplink is gone"})
    assert (lost.level, lost.words) == (Level.WARN, "us is unhealthy: the uplink is gone")
    both = finding("regions", unhealthy={"us": "the uplink is gone", "eu": "it has no prober"})
    assert both.level is Level.BAD
    assert both.words == "eu is unhealthy: it has no prober; also us"


def test_a_kind_that_nobody_can_check_is_told() -> None:
    found = finding("kinds", uncheckable={"mqtt in eu": "paho is missing", "ssh in us": "x"})
    assert found.level is Level.WARN
    assert found.words == "mqtt in eu can't be checked: paho is missing; and 1 more"


def test_several_versions_are_an_upgrade_that_is_not_over() -> None:
    assert finding("versions", versions={"1.0": 1, "1.1": 2}).level is Level.WARN


@pytest.mark.parametrize(
    ("skew_ms", "level"), [(900, Level.OK), (-1500, Level.WARN), (40_000, Level.BAD)]
)
def test_the_clock_that_is_furthest_off_is_told(skew_ms: float, level: Level) -> None:
    found = finding("clocks", skews={"a": 3, "prober-9": skew_ms})
    assert found.level is level
    assert "prober-9" in found.words


def test_shards_that_wait_for_a_new_owner_are_bad_only_when_it_does_not_come() -> None:
    assert finding("shards", unowned=32, behind_s=4).level is Level.WARN
    assert finding("shards", unowned=32, behind_s=31).level is Level.BAD
    assert finding("shards", behind_s=12).level is Level.WARN
    assert finding("shards", behind_s=45).level is Level.BAD


@pytest.mark.parametrize(
    ("sample", "level"),
    [
        (Sample(), Level.OK),
        (Sample(due=100, seen=92, absent=8), Level.WARN),
        (Sample(due=100, seen=80, absent=20), Level.BAD),
        (Sample(due=100, seen=80, missed=20), Level.BAD),
        (Sample(due=100, seen=60), Level.WARN),  # some definitions may just be wrong
        (Sample(due=100, seen=40), Level.BAD),
    ],
)
def test_checks_are_well_when_most_are_stored_in_time_and_saw_something(
    sample: Sample, level: Level
) -> None:
    found = finding("checks", sample=sample)
    assert found.level is level
    assert (found.advice is None) is (level is Level.OK)


def test_events_that_wait_long_are_bad() -> None:
    assert finding("outbox", outbox=3, outbox_s=2).level is Level.OK
    assert finding("outbox", outbox=3, outbox_s=20).level is Level.WARN
    assert finding("outbox", outbox=3, outbox_s=31).level is Level.BAD


def test_changes_that_nobody_follows_are_bad() -> None:
    assert finding("incidents", unfollowed=1).level is Level.BAD


def test_messages_that_nobody_sends_are_bad() -> None:
    assert finding("deliveries", overdue=3, overdue_s=3).level is Level.OK
    assert finding("deliveries", overdue=3, overdue_s=61).level is Level.BAD


def test_whatever_is_not_ok_comes_with_one_sentence_of_advice() -> None:
    ailing = Figures(
        services={"gateway": 1},
        watched=frozenset({"eu"}),
        unhealthy={"eu": "it has no prober"},
        uncheckable={"mqtt in eu": "x"},
        versions={"1": 1, "2": 1},
        skews={"a": 50_000},
        unowned=64,
        behind_s=99,
        sample=Sample(due=9),
        outbox=1,
        outbox_s=99,
        overdue=1,
        overdue_s=99,
        unfollowed=1,
    )
    found = examined(ailing)
    assert Level.OK not in {one.level for one in found}
    assert all(one.advice and one.advice.endswith(".") for one in found)
