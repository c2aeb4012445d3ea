"""Three regions with probers of their own, of which one is lied to by its name server."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from tests.e2e.actor import Actor
from tests.e2e.installation import Installation

from vedette.core.instants import to_ms
from vedette.testing.names import running_nameserver
from vedette.testing.process import Child
from vedette.testing.sink import Sink
from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    # Embedded there is one prober, in one region.
    pytest.mark.parametrize("installation", ["apart"], indirect=True),
]
REGIONS = ["fra", "nyc", "sgp"]
MISLED = "sgp"


@pytest_asyncio.fixture(loop_scope="session")
async def probers(installation: Installation, actor: Actor) -> AsyncIterator[dict[str, Child]]:
    """One prober a region."""
    async with AsyncExitStack() as stack:
        liar = await stack.enter_async_context(running_nameserver({"known.test": "NXDOMAIN"}))
        children = {}
        for region in REGIONS:
            environment = {**os.environ, **installation.environment, "VEDETTE_REGION": region}
            if region == MISLED:
                environment["VEDETTE_PROBER_NAMESERVERS"] = liar.address
            child = await Child.start(
                [sys.executable, "-m", "vedette.cli.main", "run", "prober"],
                log=installation.directory / f"prober-{region}.log",
                env=environment,
            )
            children[region] = await stack.enter_async_context(child)

        async def known() -> bool:
            found = {found["name"] for found in await actor.api.items("/regions")}
            return set(REGIONS) <= found

        await eventually(known, within=60, what="all regions have a prober")
        yield children


async def test_the_majority_of_the_regions_decides_and_their_votes_are_shown(
    actor: Actor, target: Target, sink: Sink, probers: dict[str, Child]
) -> None:
    told = await actor.channels(sink)
    monitor = await actor.watch(
        f"http://known.test:{target.port}/", regions=REGIONS, channels=told.channels
    )
    await actor.becomes(monitor, "up")

    async def misled() -> bool:
        found = [check for check in await actor.checks(monitor) if check["region"] == MISLED]
        return len(found) > 1 and {check["reason"] for check in found} == {"dns_nxdomain"}

    await eventually(misled, within=20, what="one region is wrong again and again")
    assert await actor.state(monitor) == "up"

    await target.refuse()
    await actor.becomes(monitor, "down")
    await eventually(lambda: told.counts() == (1, 1, 1), within=15)
    (incident,) = await actor.incidents(monitor)
    opened = sink.visible()[0].json()["data"]["incident"]
    for votes in (incident["cause"]["votes"], opened["cause"]["votes"]):
        assert [vote["region"] for vote in votes] == REGIONS
        assert sum(vote.get("outcome") == "down" for vote in votes) >= 2
    assert "of 3 regions" in told.texts()[0]

    await target.listen()
    await actor.becomes(monitor, "up")
    await told.everything(2, within=15)


async def test_a_frozen_region_neither_flips_the_state_nor_leaves_it_unknown(
    actor: Actor, target: Target, probers: dict[str, Child]
) -> None:
    monitor = await actor.watch(f"http://known.test:{target.port}/", regions=REGIONS)
    await actor.becomes(monitor, "up")
    probers["nyc"].freeze()
    seen = (await actor.api("GET", f"/monitors/{monitor}/state"))["last_vote"]

    async def seen_for_long() -> Any:
        """Rounds of one good vote and a wrong one go on being judged: by the clock, as up."""
        state = await actor.api("GET", f"/monitors/{monitor}/state")
        assert state["state"] == "up", state
        return _ms(state["last_vote"]) > _ms(seen) + 25_000

    try:
        await eventually(seen_for_long, within=60, every=0.5, what="it is seen on and on")
    finally:
        probers["nyc"].thaw()
    assert await actor.incidents(monitor) == []
    spans = await actor.api.items(f"/monitors/{monitor}/spans")
    assert [span["state"] for span in spans] == ["up", "pending"]


def _ms(instant: str) -> int:
    return to_ms(datetime.fromisoformat(instant))
