"""Pings targets, all at once, and prints what was seen: run in a network namespace by its test."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import uvloop

from vedette.core.kinds.icmp import IcmpTarget
from vedette.prober.domain import Seen
from vedette.prober.probes.icmp import IcmpProbe
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings


async def main(targets: list[dict[str, Any]]) -> None:
    async with probing(ProberSettings.at_home()) as context:
        # Packets that wait for IPv6's neighbour discovery push one another out of its short queue.
        for neighbour in ("198.51.100.2", "2001:db8::2"):
            await IcmpProbe(IcmpTarget(host=neighbour)).probe(context, 5)
        probes = [IcmpProbe(IcmpTarget(interval_ms=20, **target)) for target in targets]
        seen = await asyncio.gather(*[probe.probe(context, 1) for probe in probes])
        raw = [context.pinger.echoes(ip).raw for ip in ("127.0.0.1", "::1")]  # type: ignore[union-attr]
    print(json.dumps({"raw": raw, "seen": [told(one) for one in seen]}))


def told(seen: Seen) -> dict[str, Any]:
    trouble = seen.trouble
    return {
        "reason": trouble and trouble.reason,
        "message": trouble and trouble.message,
        "duration_ms": seen.duration_ms,
        "facts": dict(seen.facts),
    }


if __name__ == "__main__":
    run = uvloop.run if sys.argv[1] == "uvloop" else asyncio.run
    run(main(json.loads(sys.argv[2])))
