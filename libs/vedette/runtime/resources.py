"""What a process opens once and its services share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a prober has no database driver installed
    from vedette.bus.api import Bus
    from vedette.store.cache import Cache
    from vedette.store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Handed to each service's `running`."""

    instance: str
    """This process, in names of private queues, leases and logs."""
    bus: Bus
    drain_s: float
    _pool: Pool | None = None
    _cache: Cache | None = None

    @property
    def pool(self) -> Pool:
        """The database of services that keep state."""
        assert self._pool is not None, "this service was started without a database"
        return self._pool

    @property
    def cache(self) -> Cache:
        """The cache of services that have one."""
        assert self._cache is not None, "this service was started without a cache"
        return self._cache
