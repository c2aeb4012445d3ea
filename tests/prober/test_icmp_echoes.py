"""Whose answer an answer is."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from tests.prober.wire import TTL, Wire

from vedette.prober.icmp import echoes as module
from vedette.prober.icmp.echoes import Echoes, Packet
from vedette.prober.icmp.packets import V4
from vedette.prober.icmp.sockets import Arrival

SIZE = 56


class Under:
    """Echoes, and the wire below them."""

    def __init__(self, echoes: Echoes, wire: Wire) -> None:
        self.echoes = echoes
        self.wire = wire
        self.calls = 0

    def send(self, address: str = "192.0.2.7") -> Packet:
        return self.echoes.send(self.echoes.peer(address), SIZE, None, self._called)

    def _called(self) -> None:
        self.calls += 1


Opened = Callable[..., Under]


@pytest_asyncio.fixture
async def under(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    opened: list[Echoes] = []

    def open_one(*, raw: bool = True) -> Under:
        wire = Wire(V4, raw=raw)
        monkeypatch.setattr(module, "IcmpSocket", lambda *_: wire)
        opened.append(Echoes(V4))
        return Under(opened[-1], wire)

    yield open_one
    for echoes in opened:
        echoes.close()


async def test_an_answer_finds_its_request(under: Opened) -> None:
    u = under()
    first, second = u.send(), u.send("192.0.2.8")
    u.wire.reply(1)
    u.echoes.read()
    assert first.pending
    assert second.rtt_ms is not None
    assert second.rtt_ms > 0
    assert second.ttl == TTL
    assert u.calls == 1


async def test_the_loop_says_when_something_came(under: Opened) -> None:
    u = under()
    packet = u.send()
    u.wire.reply()
    async with asyncio.timeout(5):
        while packet.pending:
            await asyncio.sleep(0)


async def test_a_duplicate_counts_once(under: Opened) -> None:
    u = under()
    packet = u.send()
    u.wire.reply()
    u.echoes.read()
    rtt_ms = packet.rtt_ms
    u.wire.reply()
    u.wire.complain()
    u.echoes.read()
    assert (packet.rtt_ms, packet.complaint, u.calls) == (rtt_ms, None, 1)


async def test_two_probers_of_one_host_keep_apart(under: Opened) -> None:
    ours, theirs = under(), under()
    mine, their = ours.send(), theirs.send()
    identifier = ours.wire.sent[0][0].identifier
    ours.wire.deliver(Arrival(theirs.wire.sent[0][0], theirs.wire.sent[0][1]))
    # Even one that happens to have drawn the same identifier.
    ours.wire.reply(data=theirs.wire.sent[0][0].data, identifier=identifier)
    ours.echoes.read()
    assert mine.pending
    assert their.pending


@pytest.mark.parametrize("change", [{"identifier": 0}, {"sequence": 0}, {"data": b""}])
async def test_what_is_not_quite_ours_is_not_ours(under: Opened, change: dict[str, object]) -> None:
    u = under()
    packet = u.send()
    if "identifier" in change:
        change = {"identifier": u.wire.sent[0][0].identifier ^ 1}
    u.wire.reply(**change)  # type: ignore[arg-type]
    u.echoes.read()
    assert packet.pending


async def test_an_answer_from_elsewhere_is_not_the_targets(under: Opened) -> None:
    u = under()
    packet = u.send()
    u.wire.deliver(Arrival(u.wire.sent[0][0], bytes([192, 0, 2, 66])))
    u.echoes.read()
    assert packet.pending


async def test_ping_sockets_have_an_identifier_of_the_systems(under: Opened) -> None:
    u = under(raw=False)
    packet = u.send()
    u.wire.reply(identifier=u.wire.sent[0][0].identifier ^ 1)
    u.echoes.read()
    assert packet.rtt_ms is not None


@pytest.mark.parametrize("quoting", [0, 4, SIZE])
async def test_a_complaint_is_about_one_request(under: Opened, quoting: int) -> None:
    u = under()
    first, second = u.send(), u.send()
    u.wire.complain(0, quoting=quoting)
    u.echoes.read()
    assert first.complaint == "host unreachable, says 192.0.2.254"
    assert second.pending


async def test_an_answer_that_waited_for_us_is_not_slow(under: Opened) -> None:
    u = under()
    packet = u.send()
    packet.sent_at -= 2
    u.wire.reply(ago_s=1)
    u.echoes.read()
    assert packet.rtt_ms == pytest.approx(1000, abs=500)


@pytest.mark.parametrize("ago_s", [-3600, 3600])
async def test_a_clock_that_was_set_does_no_harm(under: Opened, ago_s: float) -> None:
    u = under()
    packet = u.send()
    u.wire.reply(ago_s=ago_s)
    u.echoes.read()
    assert packet.rtt_ms is not None
    assert 0 < packet.rtt_ms < 1000


async def test_what_is_forgotten_comes_too_late(under: Opened) -> None:
    u = under()
    packet = u.send()
    u.echoes.forget([packet])
    u.wire.reply()
    u.echoes.read()
    assert packet.pending


async def test_an_error_of_another_packet_does_not_stop_this_one(under: Opened) -> None:
    u = under(raw=False)
    u.wire.failing = [OSError(errno.EHOSTUNREACH, "of another")] * 2
    u.send()
    assert len(u.wire.sent) == 1
    u.wire.failing = [OSError(errno.ENETUNREACH, "of this one")] * 3
    with pytest.raises(OSError, match="of this one"):
        u.send()


async def test_sequence_numbers_in_use_are_passed_over(under: Opened) -> None:
    u = under()
    sent = [u.send() for _ in range(65_536)]
    assert len({packet.key for packet in sent}) == 65_536
    with pytest.raises(OSError, match="in use"):
        u.send()
    assert u.send("192.0.2.8").pending
    u.echoes.forget(sent[:1])
    began = time.perf_counter()
    assert u.send().key == sent[0].key
    assert time.perf_counter() - began < 1
