"""Definitions of heartbeats, pushed results and groups."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from vedette.core.kinds import kinds, parse_monitor
from vedette.core.kinds.heartbeat import HeartbeatMonitor
from vedette.core.kinds.push import PushMonitor
from vedette.core.reporting import Terms
from vedette.core.schedule import Cron, Period

A, B = str(uuid4()), str(uuid4())


def parsed(kind: str, target: dict[str, Any], **fields: Any) -> Any:
    return parse_monitor({"name": "Job", "kind": kind, "target": target, **fields})


def refusal(kind: str, target: dict[str, Any], **fields: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        parsed(kind, target, **fields)
    return "; ".join(
        f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.value.errors()
    )


def test_these_kinds_are_told() -> None:
    assert [name for name, model in kinds().items() if model.PASSIVE] == [
        "group",
        "heartbeat",
        "push",
    ]


def test_a_heartbeat_goes_by_a_period_or_by_a_clock() -> None:
    period: HeartbeatMonitor = parsed("heartbeat", {"every_s": 300, "grace_s": 60})
    assert period.target.terms() == Terms(Period(300_000), grace_ms=60_000)
    cron: HeartbeatMonitor = parsed(
        "heartbeat", {"cron": "30 3 * * *", "time_zone": "Europe/Berlin", "max_run_s": 900}
    )
    assert cron.target.terms() == Terms(Cron("30 3 * * *", "Europe/Berlin"), max_run_ms=900_000)
    assert cron.target.summary() == "a report at 30 3 * * * (Europe/Berlin)"
    assert cron.failure_threshold == 1


def test_a_push_expects_something_only_if_it_says_so() -> None:
    silent: PushMonitor = parsed("push", {})
    assert silent.target.terms() == Terms()
    expecting: PushMonitor = parsed("push", {"every_s": 60, "grace_s": 1})
    assert expecting.target.terms() == Terms(Period(60_000), grace_ms=1000, at_once=True)


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("heartbeat", {}, "by one of two: `every_s` or `cron`"),
        ("heartbeat", {"every_s": 60, "cron": "* * * * *"}, "by one of two"),
        ("heartbeat", {"cron": "* * *"}, "target.cron: .*five fields"),
        ("heartbeat", {"cron": "* * * * *", "time_zone": "Mars"}, "target.time_zone: .*no time"),
        ("heartbeat", {"every_s": 60, "time_zone": "Europe/Berlin"}, "goes with `cron`"),
        ("heartbeat", {"every_s": 1}, "target.every_s"),
        ("push", {"grace_s": 5}, "grace_s goes with `every_s`"),
        ("push", {"every_s": 5}, "target.every_s"),
        ("group", {"members": []}, "target.members"),
        ("group", {"members": [A, B], "needs": 3}, "a number from 1 to 2"),
        ("group", {"members": [A, B], "needs": 0}, "a number from 1 to 2"),
        ("group", {"members": ["x"]}, "target.members.0"),
    ],
)
def test_what_is_wrong_is_said(kind: str, target: dict[str, Any], words: str) -> None:
    import re

    assert re.search(words, refusal(kind, target))


@pytest.mark.parametrize("field", ["interval_s", "timeout_s", "regions", "retry_interval_s"])
def test_what_only_a_probe_has_is_refused(field: str) -> None:
    assert field in refusal("heartbeat", {"every_s": 60}, **{field: 1})


def test_a_report_has_no_status_to_look_at() -> None:
    words = refusal("heartbeat", {"every_s": 60}, assertions=["status == 200"])
    assert "a report has no status; assertions look at body, json" in words


def test_members_are_named_once() -> None:
    assert len(parsed("group", {"members": [A, A, B]}).target.members) == 2
