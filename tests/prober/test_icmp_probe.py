"""Kind icmp, over a wire without a network."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.prober.support import naming
from tests.prober.wire import TTL, Wire

from vedette.bus.local import LocalBus
from vedette.core.kinds.icmp import IcmpTarget
from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, Seen, Trouble, judge
from vedette.prober.guard import Guard
from vedette.prober.icmp import echoes, opening
from vedette.prober.icmp.packets import V4
from vedette.prober.icmp.pinger import obstacle
from vedette.prober.names import Resolver
from vedette.prober.probes import offer
from vedette.prober.probes.icmp import IcmpProbe
from vedette.prober.service import running
from vedette.prober.settings import ProberSettings
from vedette.runtime.resources import Resources

HOST = "192.0.2.7"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    wire = Wire(V4)
    monkeypatch.setattr(echoes, "IcmpSocket", lambda *_: wire)
    yield wire
    wire.close()


async def ping(context: Context, *, timeout_s: float = 0.3, **target: Any) -> Seen:
    target = {"host": HOST, "interval_ms": 10, **target}
    return await IcmpProbe(IcmpTarget(**target)).probe(context, timeout_s)


def answering(wire: Wire, *numbers: int) -> Callable[[int], None]:
    """Answer these packets of a series as soon as they are sent."""
    return lambda number: wire.reply(number) if number in numbers else None


def reason(seen: Seen) -> Reason | None:
    return None if seen.trouble is None else seen.trouble.reason


async def test_all_answered(context: Context, wire: Wire) -> None:
    wire.on_send = answering(wire, 0, 1, 2)
    began = time.perf_counter()
    seen = await ping(context, timeout_s=60, ttl=9)
    assert time.perf_counter() - began < 5
    assert seen.trouble is None
    assert seen.subjects == {"ip": HOST, "loss": 0}
    assert [*seen.phases] == ["setup", "rtt"]
    facts = seen.facts
    assert (facts["sent"], facts["received"], facts["loss"]) == (3, 3, 0)
    assert (facts["ip"], facts["reply_ttl"]) == (HOST, TTL)
    assert facts["rtt_min_ms"] <= facts["rtt_avg_ms"] <= facts["rtt_max_ms"]  # type: ignore[operator]
    assert wire.ttls == [9, 9, 9]


async def test_the_latency_is_the_average_round_trip(context: Context, wire: Wire) -> None:
    wire.on_send = answering(wire, 0, 1)
    seen = await ping(context, count=2, interval_ms=200, timeout_s=60)
    assert seen.duration_ms == seen.phases["rtt"] < 100
    assert seen.facts["rtt_avg_ms"] == pytest.approx(seen.duration_ms, abs=0.001)


async def test_some_lost_is_up_unless_told(context: Context, wire: Wire) -> None:
    wire.on_send = answering(wire, 1)
    seen = await ping(context)
    assert seen.trouble is None
    assert seen.facts["loss"] == 66.7
    assert seen.duration_ms < 100  # not the time the lost ones were waited for
    for limit, expected in ((66, Reason.LOSS), (67, None)):
        wire.on_send = answering(wire, len(wire.sent) + 1)
        seen = await ping(context, max_loss_percent=limit)
        assert reason(seen) is expected
    assert judge(seen, Expectation()).outcome is Outcome.UP


async def test_all_lost_is_down_at_the_deadline(context: Context, wire: Wire) -> None:
    began = time.perf_counter()
    seen = await ping(context, timeout_s=0.3)
    assert 0.29 < time.perf_counter() - began < 2
    assert reason(seen) is Reason.TIMEOUT
    assert seen.trouble == Trouble(
        Reason.TIMEOUT, "192.0.2.7 answered none of 3 packets within 0.3 s"
    )
    assert seen.subjects["loss"] == 100
    assert 290 <= seen.duration_ms < 2000


async def test_an_unreachable_host_is_said_to_be(context: Context, wire: Wire) -> None:
    wire.on_send = wire.complain
    seen = await ping(context, timeout_s=60)
    assert reason(seen) is Reason.CONNECT_UNREACHABLE
    assert seen.trouble is not None
    assert seen.trouble.message == "ping 192.0.2.7: host unreachable, says 192.0.2.254"


async def test_one_answer_outweighs_complaints(context: Context, wire: Wire) -> None:
    wire.on_send = lambda number: wire.complain(number) if number else wire.reply(number)
    seen = await ping(context, timeout_s=60)
    assert seen.trouble is None
    assert seen.facts["received"] == 1


async def test_what_we_can_not_send_is_our_trouble(context: Context, wire: Wire) -> None:
    wire.failing = [OSError(errno.ENETUNREACH, "no route")] * 3
    seen = await ping(context, timeout_s=60)
    assert reason(seen) is Reason.INTERNAL_ERROR
    assert seen.trouble is not None
    assert seen.trouble.message == "the prober has no route to 192.0.2.7"
    wire.failing = [OSError(errno.EPERM, "firewall")]  # one is not sent, the others are answered
    wire.on_send = answering(wire, *range(3))
    seen = await ping(context, timeout_s=60)
    assert seen.trouble is None
    assert (seen.facts["sent"], seen.facts["loss"]) == (2, 0)


async def test_what_came_while_the_loop_was_busy_counts(context: Context, wire: Wire) -> None:
    checking = asyncio.ensure_future(ping(context, count=1, timeout_s=0.05))
    while not wire.sent:
        await asyncio.sleep(0)
    wire.reply()
    time.sleep(0.1)  # the deadline passes before the loop looks again
    assert (await checking).trouble is None


async def test_what_we_lost_ourselves_is_not_the_targets(context: Context, wire: Wire) -> None:
    def overflow(_number: int) -> None:
        wire.dropped += 1

    wire.on_send = overflow
    assert reason(await ping(context)) is Reason.INTERNAL_ERROR
    wire.on_send = lambda number: overflow(number) if number % 3 else wire.reply(number)
    seen = await ping(context, max_loss_percent=0)
    assert reason(seen) is Reason.INTERNAL_ERROR
    assert judge(seen, Expectation()).outcome is Outcome.INTERNAL_ERROR
    assert (await ping(context)).trouble is None


async def test_many_checks_share_a_socket(context: Context, wire: Wire) -> None:
    wire.on_send = wire.reply
    hosts = [f"198.51.100.{n}" for n in range(1, 200)]
    seen = await asyncio.gather(*[ping(context, host=host, timeout_s=60) for host in hosts])
    assert [s.facts["ip"] for s in seen] == hosts
    assert all(s.facts["received"] == 3 for s in seen)


async def test_names_are_resolved(context: Context, wire: Wire) -> None:
    wire.on_send = wire.reply
    names = {"four.test": [HOST], "six.test": ["2001:db8::7"]}
    async with naming(names) as (_, nameserver):
        resolver = Resolver([nameserver])
        some = replace(context, resolver=resolver)
        seen = await ping(some, host="four.test", ip_protocol="prefer_ip6", timeout_s=60)
        gone = await ping(some, host="none.test", timeout_s=60)
        await resolver.close()
    assert [*seen.phases] == ["resolve", "setup", "rtt"]
    assert seen.facts["ip"] == HOST
    assert reason(gone) is Reason.DNS_NXDOMAIN
    assert gone.trouble is not None
    assert "none.test" in gone.trouble.message


async def test_a_forbidden_address_gets_no_packet(context: Context, wire: Wire) -> None:
    seen = await ping(replace(context, guard=Guard("192.0.2.0/24")))
    assert reason(seen) is Reason.FORBIDDEN_TARGET
    assert judge(seen, Expectation()).outcome is Outcome.INTERNAL_ERROR
    assert not wire.sent


def no_socket(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def failing(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(opening, "socket", SimpleNamespace(**vars(socket) | {"socket": failing}))


async def test_a_prober_that_may_not_ping_says_what_to_allow(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_socket(monkeypatch, errno.EPERM)
    seen = await ping(context)
    assert reason(seen) is Reason.INTERNAL_ERROR
    assert seen.trouble is not None
    assert "net.ipv4.ping_group_range" in seen.trouble.message
    assert "CAP_NET_RAW" in seen.trouble.message
    assert obstacle() == seen.trouble.message


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EAFNOSUPPORT, "no IPv4"), (errno.EMFILE, "Too many open files")],
)
async def test_other_reasons_for_no_socket_are_told(
    context: Context, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    no_socket(monkeypatch, number)
    seen = await ping(context)
    assert reason(seen) is Reason.INTERNAL_ERROR
    assert seen.trouble is not None
    assert said in seen.trouble.message
    assert obstacle() is None


async def test_the_prober_warns_once_when_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(offer().obstacles, "icmp", lambda: "allow it")
    bus = LocalBus()
    with capture_logs() as logs:
        async with running(ProberSettings(), Resources(instance="i", bus=bus, drain_s=1)):
            pass
    await bus.close()
    assert [entry["reason"] for entry in logs if "icmp" in entry["event"]] == ["allow it"]
