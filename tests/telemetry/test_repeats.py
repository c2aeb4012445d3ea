"""What is logged of an outage that many wait for."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from vedette.telemetry.repeats import QUIET_S, Repeats


class Log:
    """A log whose clock the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self._repeats = Repeats(lambda: self.now)

    def said(self, event: str, level: str = "warning", **fields: object) -> dict[str, Any] | None:
        """What comes of a record; None if it is kept back."""
        try:
            return dict(self._repeats(None, level, {"event": event, "level": level, **fields}))
        except structlog.DropEvent:
            return None


@pytest.fixture
def log() -> Log:
    return Log()


def test_the_same_warning_is_told_once_in_a_while_and_how_often_it_came(log: Log) -> None:
    assert log.said("trying again", queue="a", attempt=1) is not None
    for attempt in (2, 3):
        assert log.said("trying again", queue="a", attempt=attempt) is None
    log.now += QUIET_S
    told = log.said("trying again", queue="a", attempt=4)
    assert told is not None
    assert (told["attempt"], told["repeated"]) == (4, 2)


def test_another_warning_is_told_beside_it(log: Log) -> None:
    assert log.said("trying again", queue="a", error="away") is not None
    assert log.said("trying again", queue="b", error="away") is not None
    assert log.said("trying again", queue="a", error="full") is not None


def test_what_is_no_warning_is_always_told(log: Log) -> None:
    for level in ("info", "error"):
        assert log.said("sent", level) is not None
        assert log.said("sent", level) is not None
