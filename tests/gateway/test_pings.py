"""What the addresses say by which jobs and other programs report."""

import pytest

from vedette.core.reporting import Report, Signal
from vedette.gateway.domain.pings import ping, push

RUN = "3f1f6b6e-0a56-4a43-9f0c-3a3c4b1f9f10"


@pytest.mark.parametrize(
    ("action", "report"),
    [
        ("", Report(7, Signal.SUCCESS)),
        ("start", Report(7, Signal.START)),
        ("fail", Report(7, Signal.FAIL)),
        ("log", Report(7, Signal.LOG)),
        ("0", Report(7, Signal.SUCCESS, exit_status=0)),
        ("255", Report(7, Signal.FAIL, exit_status=255)),
    ],
)
def test_an_action_is_a_signal(action: str, report: Report) -> None:
    assert ping(action, {}, at=7) == report


def test_a_run_is_named_in_one_spelling() -> None:
    assert ping("start", {"rid": RUN.upper()}, at=7).run == RUN


@pytest.mark.parametrize("action", ["256", "-1", "1.5", "stop", "Fail", "٣", "00000000000000256"])
def test_other_actions_are_refused(action: str) -> None:
    with pytest.raises(ValueError, match="invalid url format"):
        ping(action, {}, at=7)


def test_a_run_id_is_a_uuid() -> None:
    with pytest.raises(ValueError, match="invalid uuid format"):
        ping("", {"rid": "tonight"}, at=7)


@pytest.mark.parametrize(
    ("query", "report"),
    [
        ({}, Report(7, Signal.UP, message="OK")),
        ({"status": "up", "msg": "fine", "ping": "12.5"},
         Report(7, Signal.UP, message="fine", duration_ms=12.5)),
        ({"status": "down", "msg": "disk full"}, Report(7, Signal.DOWN, message="disk full")),
        ({"status": "banana"}, Report(7, Signal.DOWN, message="OK")),
        ({"ping": "abc"}, Report(7, Signal.UP, message="OK")),
        ({"ping": "nan"}, Report(7, Signal.UP, message="OK")),
        ({"ping": "0"}, Report(7, Signal.UP, message="OK")),
    ],
)  # fmt: skip
def test_a_pushed_result_has_defaults(query: dict[str, str], report: Report) -> None:
    assert push(query, at=7) == report


@pytest.mark.parametrize("time", ["-1", "100000000001"])
def test_a_time_that_can_not_be_is_refused(time: str) -> None:
    with pytest.raises(ValueError, match="milliseconds"):
        push({"ping": time}, at=7)
