"""Many targets break at once while services are killed: each is told of once to each, both ways."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from tests.e2e.actor import Actor

from vedette.testing.sink import Arrival, Sink
from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

MONITORS = 40


def told(arrivals: list[Arrival], turn: str) -> Counter[str]:
    """How often each monitor's turn was told of, alone or in a digest."""
    found: Counter[str] = Counter()
    for arrival in arrivals:
        event = arrival.json()
        data = event["data"]
        if event["type"] == f"vedette.incident.{turn}.v1":
            found[data["monitor"]["id"]] += 1
        elif event["type"] == "vedette.notification.digest.v1" and data["transition"] == turn:
            found.update(item["monitor"]["id"] for item in data["items"])
    return found


async def test_a_storm_is_told_once_each_whatever_is_killed(
    actor: Actor, target: Target, sink: Sink
) -> None:
    installation = actor.installation
    told_of = await actor.channels(sink)
    monitors = [await actor.watch(target.url, channels=told_of.channels) for _ in range(MONITORS)]
    for monitor in monitors:
        await actor.becomes(monitor, "up", within=60)
    expected = Counter(monitors)
    for turn, change in (("opened", target.refuse), ("resolved", target.listen)):
        await change()

        def some_told(turn: str = turn) -> bool:
            return bool(told(sink.visible(), turn))

        await eventually(some_told, within=60, what=f"some to be told: {turn}")
        for service in installation.services:
            if service in {"up", "notifier", "incidents"}:
                await installation.kill(service)
                await asyncio.sleep(1)
                await installation.start(service)
        await installation.ready()

        def all_told(turn: str = turn) -> bool:
            return set(told(sink.visible(), turn)) == set(monitors)

        await eventually(all_told, within=150, every=0.5, what=f"all to be told: {turn}")
        assert told(sink.visible(), turn) == expected
    assert len(sink.visible()) < MONITORS, "most came together"
    assert any("more" in mail for mail in told_of.mails())
