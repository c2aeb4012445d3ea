"""How soon after the check that finds its target down is somebody told?"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import tempfile
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.bench.system import Mode, System, running_system
from tests.e2e.actor import SECRET

from vedette.testing.nginx import Nginx, running_nginx
from vedette.testing.sink import Sink, running_sink
from vedette.testing.waiting import eventually

BARS_MS = {"embedded": 250, "apart": 500}
INTERVAL_S = 20
_DOWN = re.compile(r'^([\d.]+) 503 "GET /(\d+) ', re.MULTILINE)


async def measure(options: argparse.Namespace, mode: Mode) -> list[dict[str, Any]]:
    """Some targets go down at random instants of one interval, each to be told of by webhook."""
    folder = Path(tempfile.mkdtemp())
    down = folder / "down"
    down.mkdir()
    folder.chmod(0o755)
    async with (
        running_sink() as sink,
        running_nginx(folder, access_log=True, down=down) as nginx,
        # Each is to be told of by itself; a digest would wait for more.
        running_system(mode, {"VEDETTE_STORM_THRESHOLD": "0"}) as system,
    ):
        await _watch(system, nginx, sink, options.rate * INTERVAL_S)
        chosen = random.sample(range(options.rate * INTERVAL_S), options.outages)
        for number in chosen:
            await asyncio.sleep(INTERVAL_S / options.outages)
            (down / str(number)).touch()
        told = await _told(sink, options.outages)
        found = _found_down(folder / "access.log")
    delays = sorted((at - found[number]) * 1000 for number, at in told.items())
    percentiles = quantiles(delays, n=100, method="inclusive") if len(delays) > 1 else []
    late = [round(percentiles[49]), round(percentiles[98]), round(delays[-1])] if delays else []
    return [
        {
            "checks_per_s": options.rate,
            "outages": options.outages,
            "told": len(told),
            "check_to_webhook_ms": late,
            "holds": len(told) == options.outages and late[1] < BARS_MS[mode],
        }
    ]


async def _watch(system: System, nginx: Nginx, sink: Sink, count: int) -> None:
    config = {"url": sink.url, "secret": SECRET}
    webhook = {"name": "sink", "kind": "webhook", "config": config}
    channel = (await system.api("POST", "/channels", webhook))["id"]
    await system.first(nginx.url, channels=[channel], failure_threshold=1, interval_s=60)
    urls = [f"{nginx.url}{number}" for number in range(count)]
    await system.sow(urls, interval_s=INTERVAL_S)


async def _told(sink: Sink, count: int) -> dict[int, float]:
    """When the first message of each target's outage came; of those of which none came, nothing."""

    def told() -> dict[int, float]:
        first: dict[int, float] = {}
        for arrival in sink.raw:
            event = arrival.json()
            if event["type"] == "vedette.incident.opened.v1":
                name = event["data"]["monitor"]["name"]
                first.setdefault(int(name.removeprefix("m")), arrival.at)
        return first

    try:
        await eventually(lambda: len(told()) == count, within=2 * INTERVAL_S, every=0.5)
    except AssertionError:
        return told()
    return told()


def _found_down(log: Path) -> dict[int, float]:
    """When each target first answered that it is down, by its own log."""
    first: dict[int, float] = {}
    for at, number in _DOWN.findall(log.read_text()):
        first.setdefault(int(number), float(at))
    return first
