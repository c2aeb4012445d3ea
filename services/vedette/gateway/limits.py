"""How many requests a minute a key may make."""

import time
from uuid import UUID

import structlog

from vedette.core.errors import Transient
from vedette.gateway.problems import Problem
from vedette.store.cache import Cache

_WINDOW_S = 60
log = structlog.get_logger()


class Limiter:
    """Counts requests in whole minutes. Without its cache it lets everything through."""

    def __init__(self, cache: Cache, limit: int) -> None:
        self._cache = cache
        self._limit = limit
        self._blind = False

    async def admit(self, key: UUID) -> None:
        """Count one request of `key`. Raises Problem when there were too many."""
        if self._limit == 0:
            return
        minute, elapsed = divmod(time.time(), _WINDOW_S)
        if await self._count(f"rate:{key}:{int(minute)}") <= self._limit:
            return
        raise Problem(
            429,
            f"this key may make {self._limit} requests a minute",
            kind="rate-limit",
            headers={"Retry-After": str(max(1, round(_WINDOW_S - elapsed)))},
        )

    async def _count(self, counter: str) -> int:
        try:
            count = await self._cache.increment(counter, 2 * _WINDOW_S)
        except Transient as error:
            if not self._blind:
                log.warning("rate limits are off while the cache is away", error=str(error))
            self._blind = True
            return 0
        self._blind = False
        return count
