"""The prober under measurement, in a process of its own: its checks, limits and context.

    python -m tests.bench.probing < ORDER

An order is a JSON object, and so is what is printed. There is no bus: jobs go straight to the
checker, results are let go of.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

import structlog
import uvloop

from vedette.core.kinds import parse_monitor
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.jobs import Job
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings
from vedette.runtime.memory import keep_what_is_here

_RUN_BY_MS = 60_000
_WARM_UP = 200
_LEAD_S = 0.5
_SETTLE_S = 3.0


class Driver:
    """Hands checks to a checker."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._monitors: list[UUID] = []
        self._seen: Counter[tuple[str, str | None]] = Counter()

    def outcomes(self) -> dict[str, int]:
        """What came of the checks since this was asked last."""
        seen = {" ".join(filter(None, key)): number for key, number in self._seen.items()}
        self._seen.clear()
        return seen

    async def many(self, definition: Any, checks: int, *, at_once: int) -> None:
        """Some checks, always so many of them at once."""
        # The same ones each time: a definition is made ready once, and then checked for long.
        self._monitors += [uuid4() for _ in range(at_once - len(self._monitors))]
        rest = iter(range(checks))
        workers = [self._worker(one, definition, rest) for one in self._monitors[:at_once]]
        await asyncio.gather(*workers)

    async def paced(self, definition: Any, slots: Sequence[float]) -> list[float]:
        """One check for each slot; how long after its slot each has ended (ms), best first."""
        taken = await asyncio.gather(*[self._at(uuid4(), definition, slot) for slot in slots])
        return sorted(taken)

    async def one(self, monitor: UUID, definition: Any, slot: float) -> Result:
        """One check."""
        due = int(slot * 1000)  # not ahead, not even by a rounding
        job = Job(monitor, 1, due, due + _RUN_BY_MS, definition)
        result = await self._checker.check(job)
        self._seen[result.outcome, result.reason] += 1
        return result

    async def _worker(self, monitor: UUID, definition: Any, rest: Iterator[int]) -> None:
        for _ in rest:
            await self.one(monitor, definition, time.time())

    async def _at(self, monitor: UUID, definition: Any, slot: float) -> float:
        await asyncio.sleep(slot - time.time() - _LEAD_S)  # jobs are sent ahead of their slots
        await self.one(monitor, definition, slot)
        return (time.time() - slot) * 1000


async def cost(driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
    """CPU seconds of this process per 1,000 checks, all its threads included."""
    definition = _probed(order["definition"])
    await driver.many(definition, min(_WARM_UP, order["checks"]), at_once=order["at_once"])
    driver.outcomes()
    began, used = time.perf_counter(), time.process_time()
    await driver.many(definition, order["checks"], at_once=order["at_once"])
    used, took = time.process_time() - used, time.perf_counter() - began
    return {
        "cpu_s_per_1000": used / order["checks"] * 1000,
        "checks_per_s": order["checks"] / took,
        "outcomes": driver.outcomes(),
    }


async def hold(driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
    """Checks at their slots, alone and beside checks that hang."""
    paced = _probed(order["definition"])
    alone = await driver.paced(paced, _slots(order))
    hanging = [
        asyncio.create_task(driver.one(uuid4(), _probed(one), time.time()))
        for one in order["hanging"]
    ]
    await asyncio.sleep(_SETTLE_S)
    before = sum(one.done() for one in hanging)
    beside = await driver.paced(paced, _slots(order))
    ended = sum(one.done() for one in hanging)
    await asyncio.gather(*hanging)
    return {
        "hanging": len(hanging),
        "hanging_throughout": len(hanging) - ended,
        "ended_too_soon": before,
        "alone_ms": _percentiles(alone),
        "beside_ms": _percentiles(beside),
        # What each of them took longer than half of them do alone.
        "added_p99_ms": _percentiles([ms - alone[len(alone) // 2] for ms in beside])["p99"],
        "outcomes": driver.outcomes(),
    }


def _slots(order: dict[str, Any]) -> list[float]:
    begin = time.time() + 2 * _LEAD_S
    return [begin + at * order["seconds"] / order["checks"] for at in range(order["checks"])]


def _probed(definition: dict[str, Any]) -> dict[str, Any]:
    return parse_monitor({"name": "bench", **definition}).probed(compact=True)


def _percentiles(ms: list[float]) -> dict[str, float]:
    cuts = quantiles(ms, n=100)
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2), "max": round(max(ms), 2)}


async def main(order: dict[str, Any]) -> dict[str, Any]:
    """What came of an order."""
    settings = ProberSettings.model_validate({"prober_forbidden": "none", **order["settings"]})
    limits = Limits(total=settings.prober_concurrency, per_host=settings.prober_per_host)
    async with probing(settings) as context:
        keep_what_is_here()
        driver = Driver(Checker(context, limits, CheckMetrics(settings.region)))
        return await {"cost": cost, "hold": hold}[order["measure"]](driver, order)


if __name__ == "__main__":
    # What is logged, that it was not quiet for one, is no answer.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    json.dump(uvloop.run(main(json.load(sys.stdin))), sys.stdout)
