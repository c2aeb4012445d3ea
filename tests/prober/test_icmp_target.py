"""Definitions of kind icmp."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from vedette.core.kinds import parse_monitor
from vedette.core.kinds.icmp import IcmpMonitor


def a_monitor(*, timeout_s: float = 10, **target: Any) -> IcmpMonitor:
    definition = {"name": "n", "kind": "icmp", "timeout_s": timeout_s, "target": target}
    monitor = parse_monitor(definition)
    assert isinstance(monitor, IcmpMonitor)
    return monitor


def test_a_host_is_enough() -> None:
    target = a_monitor(host="example.org").target
    assert (target.count, target.interval_ms, target.max_loss_percent) == (3, 200, 100)
    assert target.summary() == "ping example.org"


def test_brackets_are_taken_off() -> None:
    assert a_monitor(host="[::1]").target.host == "::1"


@pytest.mark.parametrize(
    ("target", "about"),
    [
        ({"host": ""}, "host"),
        ({"host": "http://example.org/"}, "no URL"),
        ({"host": "0.0.0.0"}, "not the address of one host"),
        ({"host": "ff02::1"}, "not the address of one host"),
        ({"host": "::1", "ip_protocol": "ip4"}, "ip_protocol"),
        ({"host": "127.0.0.1", "ip_protocol": "ip6"}, "ip_protocol"),
        ({"host": "h", "count": 0}, "greater than or equal to 1"),
        ({"host": "h", "payload_bytes": 15}, "greater than or equal to 16"),
        ({"host": "h", "ttl": 0}, "greater than or equal to 1"),
        ({"host": "h", "max_loss_percent": 101}, "less than or equal to 100"),
        ({"host": "h", "count": 51}, "within the timeout"),
    ],
)
def test_what_can_not_work_is_refused(target: dict[str, Any], about: str) -> None:
    with pytest.raises(ValidationError, match=about):
        a_monitor(**target)


def test_the_last_packet_may_be_sent_just_in_time() -> None:
    assert a_monitor(host="h", count=50).target.count == 50
    assert a_monitor(host="h", count=1, timeout_s=0.1).target.count == 1
