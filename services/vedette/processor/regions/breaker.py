"""The breaker: keeps a region that is broken from calling its targets down.

It costs nothing while results are good: only when most of what a process hears from a region
fails, the region is weighed by what all regions saw, at most once a second.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import repeat

import structlog
from prometheus_client import Counter

from vedette.core.outcome import VOTES, Outcome
from vedette.core.result import Result
from vedette.processor.regions.sample import weigh_region
from vedette.processor.regions.weighing import FEW, LEAST, SHARE, SOUND, Weighed, Weight
from vedette.store.pool import Connection

_FRESH_S = 1.0
discounted = Counter(
    "vedette_checks_discounted_total", "Checks that had no say, for their region is broken."
)
log = structlog.get_logger()


class Breaker:
    """What one process makes of the regions. `tripped` is what all of them agree on."""

    def __init__(self) -> None:
        self._heard: dict[str, deque[bool]] = {}
        self._weighed: dict[str, tuple[float, Weighed]] = {}
        self._tripped: dict[str, str] = {}
        self._doubted: set[str] = set()

    @property
    def broken(self) -> Mapping[str, str]:
        """Regions whose votes have no say, and why, as it is kept with their checks."""
        return {
            region: f"counted as internal_error, for region {region} is broken: {why}"
            for region, why in self._tripped.items()
        }

    def trip(self, broken: Mapping[str, str]) -> None:
        """Take what was decided by whoever looks after the regions."""
        self._tripped = dict(broken)

    def doubted(self) -> set[str]:
        """The regions that were doubted since the last time that this was asked."""
        doubted, self._doubted = self._doubted, set()
        return doubted

    def hear_good(self, region: str, count: int) -> None:
        """Take so many good results of a region, which need no weighing."""
        heard = self._heard.setdefault(region, deque(maxlen=LEAST))
        heard.extend(repeat(False, min(count, LEAST)))

    async def weigh(self, db: Connection, region: str, results: Sequence[Result]) -> Weighed:
        """What a region's failures are worth, these results included, which are stored already."""
        if region in self._tripped or not self._is_suspicious(region, results):
            return SOUND
        at, weighed = self._weighed.get(region, (-_FRESH_S, SOUND))
        if time.monotonic() - at >= _FRESH_S:
            weighed = await weigh_region(db, region)
            self._weighed[region] = time.monotonic(), weighed
        if weighed.weight is not Weight.SOUND:
            self._doubted.add(region)
        if weighed.weight is Weight.WORTHLESS:
            log.warning("a region is broken", region=region, why=weighed.why)
            self._tripped[region] = weighed.why
        return weighed

    def _is_suspicious(self, region: str, results: Sequence[Result]) -> bool:
        """Whether most of what came last from the region fails."""
        heard = self._heard.setdefault(region, deque(maxlen=LEAST))
        heard.extend(one.outcome is Outcome.DOWN for one in results if one.outcome in VOTES)
        failing = 0
        for number, one in enumerate(reversed(heard), 1):
            failing += one
            if number >= FEW and failing > SHARE * number:
                return True
        return False
