"""Probers as their users see them, from start to end."""

from __future__ import annotations

from typing import Any

import pytest
from tests.e2e.actor import Actor
from tests.e2e.installation import REPLICAS

from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def live(actor: Actor) -> list[Any]:
    """The live probers of the region that there is."""
    regions = await actor.api.items("/regions")
    return next((found["probers"] for found in regions if found["name"] == "default"), [])


async def test_probers_are_listed_with_what_they_can_check(actor: Actor) -> None:
    count = 1 if actor.installation.mode == "embedded" else REPLICAS

    async def all_there() -> bool:
        return len(await live(actor)) == count

    await eventually(all_there, within=30)
    for prober in await live(actor):
        assert {"http", "tcp", "tls", "dns"} <= set(prober["kinds"])


async def test_a_restart_of_the_probers_keeps_nobody_from_an_edit(
    actor: Actor, target: Target
) -> None:
    installation = actor.installation
    await eventually(lambda: live(actor), within=30)
    if installation.mode == "embedded":
        await installation.terminate("up")
        await installation.start("up")
        await installation.ready()
        assert await live(actor), "the API answers when it knows its own prober"
    else:
        await installation.terminate("prober")
        assert not await live(actor), "they said that they leave"
    monitor = await actor.watch(target.url)
    if installation.mode != "embedded":
        (warning,) = (await actor.api("GET", f"/monitors/{monitor}"))["warnings"]
        assert "no prober of region default is live; the last was heard of at" in warning
        await installation.start("prober")
        await installation.ready()
    await actor.becomes(monitor, "up")

    async def well() -> bool:
        return not (await actor.api("GET", f"/monitors/{monitor}"))["warnings"]

    await eventually(well, within=30)
