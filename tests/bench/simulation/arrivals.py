"""When slots are due: each monitor's place in its interval follows from a hash, so it is random
once and the same ever after."""

from __future__ import annotations

from math import sqrt
from random import Random


def spread(monitors: int, ticks: int, random: Random) -> list[int]:
    """How many monitors fall into each tick of an interval: all of them, each once."""
    counts, left = [], monitors
    for rest in range(ticks, 0, -1):
        count = left if rest == 1 else binomial(left, 1 / rest, random)
        counts.append(count)
        left -= count
    return counts


def binomial(n: int, p: float, random: Random) -> int:
    """How many of n come up, each with probability p; by the normal law where that is close."""
    mean = n * p
    if mean > 30 and n - mean > 30:
        drawn = round(random.gauss(mean, sqrt(mean * (1 - p))))
        return min(max(drawn, 0), n)
    return sum(random.random() < p for _ in range(n))
