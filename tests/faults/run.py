"""One run: a world, a script, faults, and a verdict."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from tests.e2e.actor import Api
from tests.faults.evidence import stored, unsettled
from tests.faults.judge import Blindness, Case, Verdict, judge
from tests.faults.place import Place
from tests.faults.setting import Fault, Setting
from tests.faults.truth import Pace, Script

_LEAD_S = 3
_AT_ONCE = 8
_SIGHT_AGAIN_MS = 15_000
"""After a blinding fault, until everything is connected again."""
_CALM_S = (3, 12)
OUTAGES = Pace(well=(70_000, 140_000), broken=(80_000, 150_000))
CHANNELS = ("email", "webhook")

P = TypeVar("P", bound=Place)
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[P]):
    """What is asked for. `quick` is how much shorter than the issue has it faults last."""

    seed: int
    monitors: int
    seconds: float
    faults: Sequence[Fault[P]]
    shuffled: bool = True
    interval_s: int = 10
    timeout_s: float = 10
    outages: Pace = OUTAGES
    quick: float = 1
    settle_s: float = 420


@dataclass
class Run(Generic[P]):
    """A world under a plan."""

    world: P
    plan: Plan[P]
    say: Say = print
    targets: dict[UUID, int] = field(default_factory=dict)
    blind: list[Blindness] = field(default_factory=list)

    async def verdict(self) -> Verdict:
        """Play, break, settle, judge."""
        await self._watch()
        begin = _now_ms() + _LEAD_S * 1000
        until = begin + int(self.plan.seconds * 1000)
        played = await self.world.stage.play(
            self.plan.seed,
            targets=self.plan.monitors,
            begin=begin,
            until=until,
            pace=self.plan.outages,
        )
        self.say(f"{len(played.all())} outages, until {time.strftime('%T', _local(until))}")
        await self._break_things(until)
        await asyncio.sleep(max(until - _now_ms(), 0) / 1000)
        await self._settle(until)
        return await self._judge(played, until)

    async def _watch(self) -> None:
        """A monitor for each target, and wait until all are up."""
        async with self.world.api() as api:
            channels = await self.world.receivers.channels(api)
            places = asyncio.Semaphore(_AT_ONCE)

            async def add(target: int) -> None:
                async with places:
                    made = await api("POST", "/monitors", self._definition(target, channels))
                    self.targets[UUID(made["id"])] = target

            await asyncio.gather(*[add(target) for target in range(self.plan.monitors)])
            self.say(f"{len(self.targets)} monitors")
            await _all_up(api, self.plan.monitors)

    def _definition(self, target: int, channels: Sequence[str]) -> dict[str, object]:
        # Those of one region have no others that could outvote a lie.
        alone, everywhere = target % 3 == 0, list(self.world.regions)
        regions = [everywhere[target // 3 % len(everywhere)]] if alone else everywhere
        return {
            "name": f"Target {target}",
            "kind": "http",
            "target": {"url": self.world.stage.url(target)},
            "interval_s": self.plan.interval_s,
            "timeout_s": self.plan.timeout_s,
            "retry_interval_s": 2,
            "regions": regions,
            "channels": list(channels),
        }

    async def _break_things(self, until: int) -> None:
        chance = random.Random(f"faults {self.plan.seed}")
        setting = Setting(self.world, chance, self.plan.quick, until)
        async with asyncio.TaskGroup() as beside:
            running: asyncio.Task[None] | None = None
            order = _order(chance, self.plan.faults, shuffled=self.plan.shuffled)
            while _now_ms() < until:
                fault = next(order)
                if fault.beside and not self._only_beside():
                    if running is None or running.done():
                        running = beside.create_task(self._inject(fault, setting))
                    continue
                await self._inject(fault, setting)
                await asyncio.sleep(chance.uniform(*_CALM_S) * self.plan.quick)

    def _only_beside(self) -> bool:
        return all(fault.beside for fault in self.plan.faults)

    async def _inject(self, fault: Fault[P], setting: Setting[P]) -> None:
        began = _now_ms()
        self.say(f"{fault.name} …")
        await fault.inject(setting)
        ended = _now_ms()
        self.say(f"{fault.name} was over after {(ended - began) / 1000:.0f} s")
        if fault.blind:
            self.blind.append(Blindness(began, ended + _SIGHT_AGAIN_MS, fault.region))

    async def _settle(self, until: int) -> None:
        """Wait until all that happened has been dealt with; what never is, the judge finds."""
        give_up = time.monotonic() + self.plan.settle_s
        said = ""
        while time.monotonic() < give_up:
            waits = await unsettled(self.world.dsn, until + self.plan.interval_s * 2000)
            if not waits:
                return
            if waits != said:
                self.say(f"settling: {waits}")
                said = waits
            await asyncio.sleep(1)
        self.say("it did not settle")

    async def _judge(self, played: Script, until: int) -> Verdict:
        found = await stored(self.world.dsn, self.targets, until)
        for why, number in found.unseen.items():
            self.say(f"{number} checks saw nothing: {why}")
        return judge(
            Case(
                monitors=found.monitors,
                outages=played.all(),
                channels=CHANNELS,
                blind=self.blind,
                checks=found.checks,
                changes=found.changes,
                incidents=found.incidents,
                received=self.world.receivers.received(),
                parked=found.parked,
            )
        )


def _order(
    chance: random.Random, faults: Sequence[Fault[P]], *, shuffled: bool
) -> Iterator[Fault[P]]:
    """These faults, again and again."""
    while True:
        yield from chance.sample(faults, len(faults)) if shuffled else faults


async def _all_up(api: Api, count: int) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        summary = await api("GET", "/summary")
        if summary["monitors"]["up"] >= count:
            return
        await asyncio.sleep(1)
    raise AssertionError("not all monitors came up before anything was broken")


def _local(ms: int) -> time.struct_time:
    return time.localtime(ms / 1000)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
