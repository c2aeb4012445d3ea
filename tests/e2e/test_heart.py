"""The external heartbeat stops whichever part of Vedette is ill, and goes on when it is well."""

from __future__ import annotations

import asyncio

import pytest
from tests.e2e.actor import Actor

from vedette.testing.sink import Sink
from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
QUIET_S = 4


async def beats(switch: Sink) -> bool:
    """Whether a ping comes within a while that is long for it."""
    before = len(switch.raw)
    await asyncio.sleep(QUIET_S)
    return len(switch.raw) > before


async def test_it_beats_while_all_is_well(actor: Actor, switch: Sink) -> None:
    await eventually(lambda: beats(switch), within=60, what="pings")


async def test_it_stops_while_a_service_is_dead(actor: Actor, target: Target, switch: Sink) -> None:
    await actor.watch(target.url)
    embedded = actor.installation.mode == "embedded"
    for dead in ["up"] if embedded else ["prober", "processor"]:
        await stops_and_goes_on(actor, switch, dead)


async def stops_and_goes_on(actor: Actor, switch: Sink, dead: str) -> None:
    """Without all processes of a service, and with them again."""
    installation = actor.installation
    await eventually(lambda: beats(switch), within=90, what="pings before")
    await installation.kill(dead)

    async def silent() -> bool:
        return not await beats(switch)

    try:
        await eventually(silent, within=90, what=f"no pings without the {dead}")
    finally:
        await installation.start(dead)
    await installation.ready()
    await eventually(lambda: beats(switch), within=90, what="pings again")
