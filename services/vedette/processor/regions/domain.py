"""When a region is unhealthy, pure. Instants are Unix ms; time comes in as a value.

What a region looks like must last before it is told: a prober that is started anew, or a canary
that misses a beat, is no news. And it must have been watched all the while: what happened while
no processor looked, or none could hear, nobody knows.
"""

from dataclasses import dataclass, replace

from vedette.core.presence import LIVE_S
from vedette.core.regions import Trouble

UNWATCHED_MS = 30_000
"""After so long without a look nobody knows what a region was like meanwhile."""
NEW_MS = 300_000
"""A region that never had a prober gets so much time to get one."""
STEADY_MS = 30_000
"""How long an unhealthy region must look well before it is."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a region looks like now."""

    live: int
    """Probers that were heard of lately."""
    known: int = 0
    """Those, and those that were heard of before."""
    cut_off: int = 0
    """Those of them to whom none of their canaries answers."""
    results: bool = False
    """Whether results came from there lately."""
    disagreement: str | None = None
    """Why its results can't be trusted, in words."""

    @property
    def alive(self) -> bool:
        """Whether anybody is there."""
        return self.live > 0 or self.results


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and how that is put."""

    trouble: Trouble
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """A region's health: one row of `region_health`."""

    healthy: bool
    since: int
    looks_bad: bool
    looks_so_since: int
    looked_at: int
    had_prober: bool
    problem: Problem | None = None
    """Of what is unhealthy, and of what only looks so yet."""


def look(before: Health | None, region: str, sight: Sight, *, now: int, patience_ms: int) -> Health:
    """The health after one more look. `patience_ms`: how long it may look bad."""
    if before is None:
        before = Health(True, now, False, now, now, had_prober=sight.known > 0)
    problem = problem_of(region, sight, had_prober=before.had_prober)
    bad = problem is not None
    unwatched = now - before.looked_at > UNWATCHED_MS
    fresh = unwatched or bad is not before.looks_bad
    health = replace(
        before,
        looks_bad=bad,
        looks_so_since=now if fresh else before.looks_so_since,
        looked_at=now,
        had_prober=before.had_prober or sight.alive,
        problem=problem or (None if before.healthy else before.problem),
    )
    if now - health.looks_so_since < _needed_ms(health, patience_ms) or health.healthy is not bad:
        return health
    return replace(health, healthy=not bad, since=health.looks_so_since, problem=problem)


def problem_of(region: str, sight: Sight, *, had_prober: bool) -> Problem | None:
    """What is wrong with a region that looks so, if anything."""
    if not sight.alive:
        said = f"was heard of for {LIVE_S} s or longer" if had_prober else "was ever heard of"
        return Problem(Trouble.NO_PROBERS, f"no prober of region {region} {said}")
    if sight.disagreement is not None:
        return Problem(Trouble.DISAGREEMENT, sight.disagreement)
    if 0 < sight.live == sight.cut_off:
        whose = "its prober" if sight.live == 1 else f"any of its {sight.live} probers"
        return Problem(Trouble.UPLINK, f"no canary answers {whose}: the uplink is gone")
    return None


def _needed_ms(health: Health, patience_ms: int) -> int:
    """How long it must look as it does before that counts."""
    if not health.looks_bad:
        return STEADY_MS
    assert health.problem is not None
    if health.problem.trouble is Trouble.DISAGREEMENT:
        return 0  # that took many checks already
    return patience_ms if health.had_prober else max(patience_ms, NEW_MS)
