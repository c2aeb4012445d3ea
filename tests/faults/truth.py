"""What is true of the targets: when each was broken, and how. Pure; instants are Unix ms.

A script follows from its seed alone, so the process that plays the targets and the judge agree
without talking, and a run can be had again.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UP = "up"
MODES = ("status", "reset", "hang", "garbage")
"""Ways to be broken."""
_STEADY = 4
"""One of so many targets never breaks."""
_BLIPS = 0.15
"""Of the outages, so many are too short to be confirmed."""
_BLIP_MS = (500, 4_000)


@dataclass(frozen=True, slots=True)
class Outage:
    """One target, broken from `start` until just before `end`."""

    target: int
    start: int
    end: int
    mode: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How long targets stay well and broken, shortest and longest (ms)."""

    well: tuple[int, int]
    broken: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Script:
    """Every outage of every target, in order."""

    outages: Mapping[int, Sequence[Outage]]

    def mode(self, target: int, at: int) -> str:
        """How a target is at an instant."""
        of_target = self.outages.get(target, ())
        index = bisect_right(of_target, at, key=lambda outage: outage.start) - 1
        return of_target[index].mode if index >= 0 and at < of_target[index].end else UP

    def all(self) -> list[Outage]:
        """Every outage."""
        return [outage for of_target in self.outages.values() for outage in of_target]


def script(seed: int, *, targets: int, begin: int, until: int, pace: Pace) -> Script:
    """Outages of so many targets; none begins before `begin` or lasts beyond `until`."""
    chance = random.Random(f"truth {seed}")
    return Script(
        {
            target: _outages(chance, target, begin, until, pace)
            for target in range(targets)
            if target % _STEADY
        }
    )


def _outages(
    chance: random.Random, target: int, begin: int, until: int, pace: Pace
) -> list[Outage]:
    found: list[Outage] = []
    at = begin + chance.randint(0, pace.well[1])
    while True:
        lengths = _BLIP_MS if chance.random() < _BLIPS else pace.broken
        end = at + chance.randint(*lengths)
        if end > until:
            return found
        found.append(Outage(target, at, end, chance.choice(MODES)))
        at = end + chance.randint(*pace.well)
