"""`vedette up` with probers in processes of their own: they are killed, then what started them."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import aiohttp
import psutil
import pytest
import pytest_asyncio
from tests.e2e.actor import SECRET, Api
from tests.e2e.installation import Installation, running_installation

from vedette.testing.sink import Sink
from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

MONITORS, INTERVAL_S = 20, 5
OPENED, RESOLVED = "vedette.incident.opened.v1", "vedette.incident.resolved.v1"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation() -> AsyncIterator[Installation]:
    settings = {"VEDETTE_UP_PROBERS": "2", "VEDETTE_STORM_THRESHOLD": "0"}
    async with running_installation("embedded", settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def api(installation: Installation) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as http:
        try:
            yield Api(http, installation.url)
        except BaseException:
            print(installation.logs())
            raise


def children(installation: Installation) -> list[psutil.Process]:
    (up,) = installation.children["up"]
    found = psutil.Process(up.pid).children()
    return [child for child in found if "vedette.prober" in child.cmdline()]


def unaccounted(checks: list[Any]) -> list[str]:
    """Slots between the first and the last check of a monitor that have none, or two."""
    slots = sorted(datetime.fromisoformat(check["slot"]).timestamp() for check in checks)
    # A first check is due at once; the slots follow.
    return [
        f"{after - before} s to {after}"
        for before, after in itertools.pairwise(slots[1:])
        if round(after - before) != INTERVAL_S
    ]


async def test_a_killed_prober_costs_no_slot_and_doubles_no_message(
    installation: Installation, api: Api, target: Target, sink: Sink
) -> None:
    channel = await api(
        "POST",
        "/channels",
        {"name": "hook", "kind": "webhook", "config": {"url": sink.url, "secret": SECRET}},
    )
    target.delay = 1  # so that there are checks under way whenever one is killed
    monitors = [
        await api(
            "POST",
            "/monitors",
            {
                "name": f"Monitor {number}",
                "kind": "http",
                "target": {"url": target.url},
                "interval_s": INTERVAL_S,
                "timeout_s": 3,
                "failure_threshold": 1,
                "recovery_threshold": 1,
                "channels": [channel["id"]],
            },
        )
        for number in range(MONITORS)
    ]

    async def states() -> set[str]:
        return {found["state"] for found in await api.items("/monitors?limit=500")}

    async def all_are(state: str) -> bool:
        return await states() == {state}

    async def probers() -> list[str]:
        regions = await api.items("/regions")
        return sorted(one["name"] for found in regions for one in found["probers"])

    async def told(*kinds: str) -> bool:
        return sorted(arrival.json()["type"] for arrival in sink.visible()) == sorted(
            kinds * MONITORS
        )

    assert await probers() == ["up-1", "up-2"]
    await eventually(lambda: all_are("up"), within=30)
    before = children(installation)
    assert len(before) == 2

    await eventually(lambda: len(target.requests) > 2 * MONITORS, within=30)
    before[0].kill()
    target.mode = "status:500"
    await eventually(lambda: all_are("down"), within=30)
    await eventually(lambda: told(OPENED), within=30)

    async def both_are_listed_once() -> bool:
        return await probers() == ["up-1", "up-2"]

    await eventually(lambda: len(children(installation)) == 2, within=20)
    await eventually(both_are_listed_once, within=15)
    before[1].kill()
    target.mode = "up"
    await eventually(lambda: all_are("up"), within=30)
    await eventually(lambda: told(OPENED, RESOLVED), within=30)
    assert len(sink.raw) == 2 * MONITORS, "nothing was sent twice"
    assert installation.logs().count("killed by SIGKILL") == 2

    await asyncio.sleep(2 * INTERVAL_S)
    for monitor in monitors:
        checks = await api.items(f"/monitors/{monitor['id']}/checks?limit=500")
        assert {check["outcome"] for check in checks} <= {"up", "down"}
        assert unaccounted(checks) == []


async def test_probers_end_with_what_started_them(
    installation: Installation, api: Api, target: Target
) -> None:
    (up,) = installation.children["up"]
    for end in (signal.SIGKILL, signal.SIGTERM):
        probers = children(installation)
        assert len(probers) == 2
        os.kill(up.pid, end)
        await up.wait(60)
        if end is signal.SIGKILL:  # at once again, while they may still be ending
            await installation.start("up")
            await installation.ready()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, probers, timeout=10)
        assert (len(gone), alive) == (2, [])
        (up,) = installation.children["up"]
    assert "Traceback" not in installation.logs()
