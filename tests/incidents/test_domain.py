"""What a change of state means for incidents, without a clock or a database."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from vedette.core.events import Cause
from vedette.core.instants import iso
from vedette.core.maintenance import parse_maintenance
from vedette.core.outcome import Reason
from vedette.core.state import State
from vedette.incidents.domain import (
    Change,
    Incident,
    Opened,
    Planned,
    Resolved,
    Waiting,
    follow,
    remind,
    resolve,
)

NOW = 1_000_000
CHANNEL = UUID(int=5)
MINUTE = 60_000
_SOME_YEAR = 1_700_000_000_000


def a_change(state: State, since: int = 900_000, sequence: int = 7) -> Change:
    return Change(sequence, state, since, Cause(reason=Reason.STATUS), decided_at=NOW)


def an_incident() -> Incident:
    return Incident(uuid4(), 800_000, 810_000, 6, Cause(reason=Reason.STATUS), (CHANNEL,))


def a_maintenance(start: int, end: int) -> Planned:
    definition = {
        "name": "Move",
        "kind": "once",
        "starts_at": iso(_SOME_YEAR + start),
        "ends_at": iso(_SOME_YEAR + end),
        "everything": True,
    }
    return Planned(UUID(int=start), parse_maintenance(definition))


def after(
    current: Incident | None, change: Change, *maintenances: Planned
) -> Opened | Resolved | Waiting | None:
    return follow(
        current,
        change,
        new_id=UUID(int=1),
        channels=[CHANNEL],
        now=NOW,
        maintenances=maintenances,
    )


def test_going_down_opens_one_since_the_first_failing_round() -> None:
    turn = after(None, a_change(State.DOWN))
    assert isinstance(turn, Opened)
    assert turn.incident == Incident(
        UUID(int=1), 900_000, NOW, 7, Cause(reason=Reason.STATUS), (CHANNEL,)
    )


def test_going_down_again_opens_nothing_more() -> None:
    assert after(an_incident(), a_change(State.DOWN)) is None


@pytest.mark.parametrize("state", [State.UP, State.DEGRADED])
def test_being_seen_well_resolves_it(state: State) -> None:
    turn = after(an_incident(), a_change(state))
    assert isinstance(turn, Resolved)
    assert (turn.incident.resolved_at, turn.incident.recovered_at) == (NOW, 900_000)
    assert turn.incident.ref().duration_s == 100.0
    assert (turn.incident.ref().state, turn.incident.resolution) == ("resolved", "recovered")


@pytest.mark.parametrize("state", [State.UNKNOWN, State.PENDING])
def test_not_being_seen_ends_nothing(state: State) -> None:
    assert after(an_incident(), a_change(state)) is None


def test_pausing_ends_it_without_a_recovery() -> None:
    turn = after(an_incident(), a_change(State.PAUSED))
    assert isinstance(turn, Resolved)
    assert (turn.incident.resolution, turn.incident.recovered_at) == ("paused", None)
    assert turn.incident.ref().duration_s is None


@pytest.mark.parametrize("state", [each for each in State if each is not State.DOWN])
def test_without_an_incident_nothing_but_down_means_anything(state: State) -> None:
    assert after(None, a_change(state)) is None


def test_a_deleted_monitor_ends_it() -> None:
    ended = resolve(an_incident(), "deleted", at=None, now=NOW)
    assert (ended.resolution, ended.resolved_at, ended.recovered_at) == ("deleted", NOW, None)


def test_going_down_in_maintenance_waits_for_the_one_that_lasts_longest() -> None:
    change = replace(a_change(State.DOWN), decided_at=_SOME_YEAR + 50)
    turn = after(None, change, a_maintenance(10, 60), a_maintenance(20, 90), a_maintenance(60, 99))
    assert isinstance(turn, Waiting)
    assert (turn.sequence, turn.until) == (7, _SOME_YEAR + 90)
    assert (turn.held.maintenance_id, turn.held.name) == (UUID(int=20), "Move")


@pytest.mark.parametrize("moment", [9, 60])
def test_outside_of_a_window_nothing_waits(moment: int) -> None:
    change = replace(a_change(State.DOWN), decided_at=_SOME_YEAR + moment)
    assert isinstance(after(None, change, a_maintenance(10, 60)), Opened)


def test_an_end_never_waits() -> None:
    change = replace(a_change(State.UP), decided_at=_SOME_YEAR + 50)
    assert isinstance(after(an_incident(), change, a_maintenance(10, 60)), Resolved)


def test_reminders_come_as_often_as_is_said() -> None:
    incident = replace(an_incident(), opened_at=0)
    assert remind(incident, every_ms=5 * MINUTE, now=5 * MINUTE - 1) is None
    first = remind(incident, every_ms=5 * MINUTE, now=5 * MINUTE + 3)
    assert first is not None
    assert (first.reminders, first.reminded_at) == (1, 5 * MINUTE)
    assert remind(first, every_ms=5 * MINUTE, now=10 * MINUTE - 1) is None


def test_late_reminders_come_down_to_one() -> None:
    late = remind(replace(an_incident(), opened_at=0), every_ms=5 * MINUTE, now=23 * MINUTE)
    assert late is not None
    assert (late.reminders, late.reminded_at) == (1, 20 * MINUTE)
    assert remind(late, every_ms=5 * MINUTE, now=23 * MINUTE) is None
