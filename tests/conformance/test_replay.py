"""State records, and what they come to; neither kit nor network is needed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conformance.expecting.timelines import COMPARISONS
from tests.conformance.mapping.push import result_of
from tests.conformance.mapping.reading import NotExpressible, Watched
from tests.conformance.observation import Observation
from tests.conformance.replay import histories, pushes, states

GATUS = {"failure_threshold": 1, "success_threshold": 1}


def series(outcomes: list[str], **probe: Any) -> dict[str, Any]:
    return states.series({"outcomes": outcomes, **probe}, {}, "gatus")


def test_a_message_waits_for_its_provider() -> None:
    seen = series(["fail", "fail", "ok"], provider_delivers=[False, True, True], **GATUS)
    assert seen["sent"] == [None, "triggered", "resolved"]
    assert seen["triggered"] == [False, True, False]


def test_of_an_outage_nobody_was_told_of_nobody_is_told_the_end() -> None:
    seen = series(["fail", "ok", "fail"], provider_delivers=[False, True, True], **GATUS)
    assert seen["sent"] == [None, None, "triggered"]
    assert series(["fail", "ok"], provider_delivers=False, **GATUS)["sent"] == [None, None]


@pytest.mark.parametrize(
    ("previous", "current", "change", "notify"),
    [
        ("UP", "MAINTENANCE", True, False),
        ("DOWN", "MAINTENANCE", True, False),
        ("MAINTENANCE", "MAINTENANCE", False, False),
        ("MAINTENANCE", "UP", True, False),
        ("MAINTENANCE", "DOWN", True, True),
        ("PENDING", "DOWN", True, True),
    ],
)
def test_steps_into_and_out_of_maintenance(
    previous: str, current: str, change: bool, notify: bool
) -> None:
    seen = states.change({"previous": previous, "current": current})
    assert seen == {"change": change, "notify": notify}


@pytest.mark.parametrize(
    ("beats", "uptime", "average"),
    [([], 0, None), ([["MAINTENANCE"]], 0, None), ([["PENDING"]], 0, None),
     ([["DOWN"], ["UP", 2]], 0.5, 2)],
)  # fmt: skip
def test_beats_of_any_status(beats: list[list[Any]], uptime: float, average: float | None) -> None:
    seen = histories.beats({"beats": beats})
    assert (seen["uptime_24h"], seen["uptime_30d"]) == (uptime, uptime)
    assert seen["average_ping_ms"] == average


def test_others_may_lie_between_what_a_timeline_expects() -> None:
    probe = {"interval_s": 60, "events": [{"at_s": 5, "status": "up"}], "observe_until_s": 200}
    seen = pushes.timeline(probe, "kuma")
    assert [one["status"] for one in seen] == ["UP", "DOWN", "DOWN", "DOWN"]
    expected = [{"at_s": [5, 5], "status": "UP"}, {"at_s": [120, 130], "status": "DOWN"}]
    observation = Observation(values={"timeline_seen": seen})
    assert COMPARISONS["timeline"](expected, observation) is None
    assert COMPARISONS["timeline"](expected[::-1], observation) is not None


def test_a_word_that_nobody_looks_up_is_not_expressible() -> None:
    watched = Watched({"time": "2026-01-01T00:00:00Z", "calendar": "Mayan"})
    assert histories.day(watched) == {"day": "2026-01-01"}
    with pytest.raises(NotExpressible, match="calendar"):
        watched.finish()


def test_durations_are_sums() -> None:
    assert result_of({"success": "true", "duration": "1m30s"})["duration_ms"] == 90_000
    assert result_of({"success": "true", "duration": "soon"})["duration_ms"] == "soon"
