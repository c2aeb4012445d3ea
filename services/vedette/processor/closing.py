"""Closing rounds that no quorum decided, by the votes there are, when their time is over."""

import time
from collections.abc import Collection
from uuid import UUID

from prometheus_client import Counter

from vedette.bus.api import Bus
from vedette.bus.topology import RESULTS
from vedette.processor import roundstore
from vedette.processor.hearing import Hearing
from vedette.processor.judging import decide, follow_changes
from vedette.processor.ledger import Ledger
from vedette.processor.regions.breaker import Breaker
from vedette.processor.rounds import Round
from vedette.processor.rows import Watched
from vedette.processor.store import Store
from vedette.store.clock import now_ms
from vedette.store.pool import Pool, connection, transaction

AT_ONCE = 500

closed = Counter("vedette_rounds_closed_total", "Rounds judged without the votes of all regions.")


class Closing:
    """The sweep of one processor. Any number may run: they share the rounds out."""

    def __init__(self, pool: Pool, bus: Bus, breaker: Breaker | None = None) -> None:
        self._pool = pool
        self._breaker = breaker or Breaker()
        self._bus = bus
        self._hearing = Hearing()

    @property
    def hears(self) -> bool:
        """Whether, when it was last looked, a vote that was missing was one that did not come."""
        return self._hearing.clear(now=_clock_s())

    async def sweep(self) -> None:
        """Close what is due, unless votes may be on their way. Raises Transient."""
        try:
            if await self._hears():
                while await self._close_some() == AT_ONCE:
                    pass
        except BaseException:
            self._hearing.lose()
            raise

    async def _close_some(self) -> int:
        return await close_rounds(self._pool, now_ms(), unhealthy=self._breaker.broken)

    async def _hears(self) -> bool:
        now = _clock_s()
        self._hearing.listen(well=self._bus.healthy(), now=now)
        if self._bus.healthy():
            self._hearing.catch_up(await self._bus.depth(RESULTS))
        return self._hearing.clear(now=now)


async def close_rounds(pool: Pool, now: int, *, unhealthy: Collection[str] = ()) -> int:
    """One transaction: rounds whose time is over at `now`, judged. Says how many there were.

    Votes of `unhealthy` regions have no say.
    """
    async with connection(pool) as db:
        if not await roundstore.any_due(db, now):  # as mostly
            return 0
    async with transaction(pool) as db:
        store, ledger = Store(db), Ledger(now)
        due = await roundstore.due(db, now, AT_ONCE)
        votes = await roundstore.votes(
            db, [(who.monitor.id, slot, who.revision) for who, slot in due]
        )
        standing: dict[UUID, Watched] = {}
        for found, slot in due:
            who = standing.get(found.monitor.id) or follow_changes(found, ledger)
            polled = Round(slot, who.voters(slot), votes.get((who.monitor.id, slot), {}), unhealthy)
            judgement = decide(who, polled, ledger, closed=True)
            standing[who.monitor.id] = ledger.enter(who, judgement)
        await ledger.save(store)
    closed.inc(len(due))
    return len(due)


def _clock_s() -> float:
    return time.monotonic()
