"""The prober's own pulse: whether it stood still while a check ran.

A process that was stopped, starved of CPU or swapped out finds every check's time over when it goes
on, and what servers sent meanwhile broken off. That says nothing of the targets.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import structlog
from prometheus_client import Counter

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.runtime.background import background

log = structlog.get_logger()
_BEAT_S = 0.2
_LEAST_S = 0.5
"""A beat that is later than this is a standstill."""
_SHARE = 0.1
"""Of the time a check may take: so much of it lost, and its failing is ours."""
_REMEMBERED = 1000
# What a standstill makes of a check. A refusal, a status, a certificate stay what they are.
_BY_TIME = frozenset(
    {
        Reason.DNS_TIMEOUT,
        Reason.DNS_SERVFAIL,
        Reason.CONNECT_TIMEOUT,
        Reason.CONNECT_RESET,
        Reason.TLS_HANDSHAKE,
        Reason.TIMEOUT,
        Reason.PROTOCOL_ERROR,
        Reason.LOSS,
    }
)
standstills = Counter(
    "vedette_prober_standstill_seconds_total", "Seconds for which the whole prober stood still."
)


@dataclass(frozen=True, slots=True)
class Lost:
    """Seconds that a check lost to standstills; 0 for so few that they don't count."""

    seconds: float

    def __bool__(self) -> bool:
        return self.seconds > 0

    @property
    def words(self) -> str:
        """What is said of it."""
        return f"the prober itself stood still for {self.seconds:.1f} s while it ran the check"

    def excuse(self, trouble: Trouble) -> Trouble:
        """The trouble of the check: ours, if it may come of the standstill."""
        if not self or trouble.reason not in _BY_TIME:
            return trouble
        return Trouble(Reason.INTERNAL_ERROR, f"{self.words} ({trouble.message})")


class Pulse:
    """Beats for as long as somebody lets it, and remembers where it missed beats."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._missed: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)

    def beat(self) -> None:
        """Say that the process is moving."""
        now = perf_counter()
        lost = self._lost(now)
        if lost:
            self._missed.append((now, lost))
            standstills.inc(lost)
            log.warning("the prober stood still", seconds=round(lost, 1))
        self._last = now

    def stood_still(self, began: float) -> float:
        """Seconds lost since then (perf_counter), the present standstill included."""
        lost = self._lost(perf_counter())
        for ended, length in reversed(self._missed):
            if ended <= began:
                break
            lost += length
        return lost

    def lost(self, began: float, timeout_s: float) -> "Lost":
        """What a check that began then lost, of the time that it had."""
        seconds = self.stood_still(began)
        return Lost(seconds if seconds >= max(_LEAST_S, _SHARE * timeout_s) else 0)

    async def keep(self) -> None:
        """Beat until cancelled."""
        self._last = perf_counter()
        while True:
            await asyncio.sleep(_BEAT_S)
            self.beat()

    def _lost(self, now: float) -> float:
        late = 0.0 if self._last is None else now - self._last - _BEAT_S
        return late if late >= _LEAST_S else 0.0


@asynccontextmanager
async def beating() -> AsyncIterator[Pulse]:
    """A pulse that beats for as long as the block lasts."""
    pulse = Pulse()
    async with background("pulse", pulse.keep):
        yield pulse
