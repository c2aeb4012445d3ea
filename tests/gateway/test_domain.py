"""Cursors, merge patch, and what the screen says."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.core.state import State
from vedette.gateway.domain import cursors
from vedette.gateway.domain.overview import (
    Standing,
    Watched,
    headline,
    length_in_words,
    percent,
    truthful,
    worst_first,
)
from vedette.gateway.domain.patch import merge_patch
from vedette.gateway.domain.uptime import Sight

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
UP, DOWN, UNKNOWN, PENDING = State.UP, State.DOWN, State.UNKNOWN, State.PENDING


def test_cursors_come_back_as_they_went() -> None:
    id = uuid4()
    assert cursors.decode_id(cursors.encode(id)) == id
    assert cursors.decode_number(cursors.encode(7)) == 7
    assert cursors.decode_slot(cursors.encode(NOW, "east")) == (NOW, "east")
    assert cursors.decode_instant_and_id(cursors.encode(NOW, id)) == (NOW, id)


@pytest.mark.parametrize(
    "cursor", ["", "x", "ä", "W10", "WzFd", "e30", "Im5vIg", cursors.encode("a", "b", "c")]
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="not a cursor of this list"):
        cursors.decode_id(cursor)


@given(st.text())
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    for decode in (cursors.decode_slot, cursors.decode_number, cursors.decode_id):
        with pytest.raises(ValueError, match="not a cursor of this list"):
            decode(text)


# The examples of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ([], "Nothing is watched yet"),
        ([UP] * 12, "All 12 monitors are up"),
        ([UP, State.PAUSED], "Your monitor is up"),
        ([UP, UP, State.DEGRADED], "All 3 monitors are up, 1 of them degraded"),
        ([DOWN] * 2 + [UP] * 10, "2 of 12 are down"),
        ([DOWN, UNKNOWN, UP], "1 of 3 is down, 1 has not been seen for a while"),
        ([UNKNOWN] * 3 + [UP], "3 have not been seen for a while"),
        ([PENDING, UP], "1 monitor waits for a first check"),
        ([PENDING, DOWN], "1 of 2 is down"),
        ([State.PAUSED] * 2, "All 2 monitors are paused"),
    ],
)
def test_the_headline_is_true(states: list[State], text: str) -> None:
    assert headline(Counter(states)).text == text


def test_what_was_not_seen_lately_is_not_claimed() -> None:
    since = NOW - timedelta(hours=5)
    stale = Sight(last_vote=NOW - timedelta(hours=1), interval_s=60, timeout_s=10)
    fresh = Sight(last_vote=NOW, interval_s=60, timeout_s=10)
    never = Sight(last_vote=None, interval_s=60, timeout_s=10)
    assert truthful(Standing(UP, since), fresh, NOW) == Standing(UP, since)
    lost = NOW - timedelta(minutes=57)
    assert truthful(Standing(UP, since), stale, NOW) == Standing(UNKNOWN, lost)
    assert truthful(Standing(PENDING, since), never, NOW) == Standing(UNKNOWN, since)
    assert truthful(Standing(PENDING, NOW), never, NOW) == Standing(PENDING, NOW)
    assert truthful(Standing(State.PAUSED, since), stale, NOW).state is State.PAUSED


def test_the_worst_comes_first() -> None:
    states = [State.PAUSED, UP, State.DEGRADED, UNKNOWN, DOWN, PENDING]
    watched = [Watched(UUID(int=i), "x", Standing(s, NOW)) for i, s in enumerate(states)]
    found = [one.standing.state for one in worst_first(watched)]
    assert found == [DOWN, UNKNOWN, State.DEGRADED, PENDING, UP, State.PAUSED]


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "–"), (1, "100 %"), (0.999999, "99.99 %"), (0, "0.00 %"), (0.5, "50.00 %")],
)
def test_a_percentage_is_never_rounded_up(ratio: float | None, text: str) -> None:
    assert percent(ratio) == text


def test_lengths_are_said_as_people_say_them() -> None:
    said = {0: "0 s", 59: "59 s", 60: "1 min", 3_600: "1 h", 12_000: "3 h 20 min",
            90_000: "1 d 1 h", 86_400: "1 day", 1_000_000: "11 days"}  # fmt: skip
    assert {s: length_in_words(timedelta(seconds=s)) for s in said} == said
