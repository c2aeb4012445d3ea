"""A prober tells of itself: when it starts, while it runs, and when it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from vedette.bus.api import Exchange, Message, Outgoing
from vedette.bus.local import LocalBus
from vedette.bus.topology import PRESENCE, RESULTS
from vedette.core.errors import Transient
from vedette.core.kinds import kinds
from vedette.core.presence import Presence
from vedette.core.version import __version__
from vedette.prober import presence as presence_module
from vedette.prober.probes import Offer, offer
from vedette.prober.service import running
from vedette.prober.settings import ProberSettings
from vedette.runtime.resources import Resources
from vedette.testing.waiting import eventually


class Heard:
    """What was told."""

    def __init__(self) -> None:
        self.presences: list[Presence] = []

    async def __call__(self, message: Message) -> None:
        self.presences.append(Presence.model_validate_json(message.body))


def a_prober(bus: LocalBus, **settings: object) -> AbstractAsyncContextManager[None]:
    return running(
        ProberSettings.model_validate({"region": "eu", **settings}),
        Resources(instance="prober-1", bus=bus, drain_s=1),
    )


async def heard_by(bus: LocalBus) -> Heard:
    heard = Heard()
    await bus.declare(RESULTS)
    await bus.consume(PRESENCE, heard, prefetch=1)
    return heard


async def test_it_is_told_that_it_is_there_and_that_it_leaves() -> None:
    bus = LocalBus()
    heard = await heard_by(bus)
    async with a_prober(bus, prober_name="Oslo", prober_concurrency=7):
        await eventually(lambda: heard.presences)
    await eventually(lambda: heard.presences[-1].leaving)
    await bus.close()
    first, *_, last = heard.presences
    assert (first.name, first.instance, first.region) == ("Oslo", "prober-1", "eu")
    assert (first.version, first.concurrency, first.in_flight) == (__version__, 7, 0)
    assert not first.leaving
    assert last.run == first.run


async def test_it_goes_on_telling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_module, "ANNOUNCE_S", 0.01)
    bus = LocalBus()
    heard = await heard_by(bus)
    async with a_prober(bus):
        await eventually(lambda: len(heard.presences) >= 3)
    await bus.close()


async def test_it_tells_what_it_can_and_why_it_can_not(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "pycurl is not installed; pip install 'vedette[http]' adds it"
    here = Offer(
        {kind: maker for kind, maker in offer().makers.items() if kind != "http"},
        {"http": why},
        {"icmp": lambda: "not allowed to ping", "tcp": lambda: None},
    )
    for module in ("presence", "service"):
        monkeypatch.setattr(f"vedette.prober.{module}.offer", lambda: here)
    bus = LocalBus()
    heard = await heard_by(bus)
    async with a_prober(bus):
        await eventually(lambda: heard.presences)
    await bus.close()
    told = heard.presences[0]
    assert told.lacking == {"http": why, "icmp": "not allowed to ping"}
    assert "tcp" in told.kinds
    assert not {"http", "icmp"} & set(told.kinds)


def test_every_kind_that_has_a_probe_is_offered_or_lacking() -> None:
    assert offer().makers.keys() | offer().lacking.keys() <= kinds().keys()


class AwayBus(LocalBus):
    """A bus that takes nothing on the way to the processor."""

    hangs = False

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        raise Transient("away")


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_bus_that_is_away_keeps_it_from_nothing(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    monkeypatch.setattr(presence_module, "_FAREWELL_S", 0.05)
    bus = AwayBus()
    bus.hangs = hangs
    async with asyncio.timeout(5), a_prober(bus):
        pass
    await bus.close()
