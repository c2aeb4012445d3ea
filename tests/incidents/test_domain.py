"""What a change of state means for incidents, without a clock or a database."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from vedette.core.events import Cause
from vedette.core.outcome import Reason
from vedette.core.state import State
from vedette.incidents.domain import Change, Incident, Opened, Resolved, follow, resolve

NOW = 1_000_000
CHANNEL = UUID(int=5)


def a_change(state: State, since: int = 900_000, sequence: int = 7) -> Change:
    return Change(sequence, state, since, Cause(reason=Reason.STATUS))


def an_incident() -> Incident:
    return Incident(uuid4(), 800_000, 810_000, 6, Cause(reason=Reason.STATUS), (CHANNEL,))


def after(current: Incident | None, change: Change) -> Opened | Resolved | None:
    return follow(current, change, new_id=UUID(int=1), channels=[CHANNEL], now=NOW)


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
