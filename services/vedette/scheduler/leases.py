"""Which shards are ours, for how long, and from where we go on."""

import time
from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import Gauge

from vedette.scheduler.domain import fair_share
from vedette.scheduler.store import LEASE_S, Lease, Store
from vedette.store.clock import clock

owned = Gauge("vedette_scheduler_shards", "Shards this scheduler owns.")
log = structlog.get_logger()


class Leases:
    """This scheduler's share of the shards.

    A lease counts from before the query that renewed it, by our monotonic clock: frozen or cut
    off, we know that it ran out no later than the database does.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tokens: dict[int, int] = {}
        self._valid_until = 0.0

    def valid(self) -> bool:
        """Whether we may still act for our shards."""
        return time.monotonic() < self._valid_until

    def __contains__(self, shard: int) -> bool:
        return shard in self._tokens

    def token(self, shard: int) -> int | None:
        """Which of our ownerships of a shard this is; None if it is not ours."""
        return self._tokens.get(shard)

    @property
    def shards(self) -> list[int]:
        """What we own."""
        return list(self._tokens)

    async def turn(self, watermarks: Mapping[int, int | None]) -> tuple[list[int], list[Lease]]:
        """Renew, give up and take over; returns the shards we lost and those we won."""
        began = time.monotonic()
        held, live, now = await self._store.renew(self._tokens, watermarks)
        clock.set(now, asked=began)
        share = fair_share(live)
        lost = [shard for shard in self._tokens if shard not in held]
        extra = sorted(held)[share:]
        if extra:
            await self._store.release(extra)
        self._forget(lost + extra)
        room = share - len(self._tokens)
        won = await self._store.acquire(room, besides=self._tokens) if room and not extra else {}
        self._tokens |= {shard: token for shard, (token, _) in won.items()}
        self._valid_until = began + LEASE_S
        self._report(lost, extra, list(won))
        return lost + extra, [lease for _, lease in won.values()]

    async def leave(self) -> None:
        """Give everything back."""
        self._tokens.clear()
        await self._store.leave()

    def _forget(self, shards: Sequence[int]) -> None:
        for shard in shards:
            del self._tokens[shard]

    def _report(self, lost: list[int], released: list[int], won: list[int]) -> None:
        owned.set(len(self._tokens))
        if lost or released or won:
            log.info(
                "shards moved",
                owned=len(self._tokens),
                lost=len(lost),
                released=len(released),
                won=len(won),
            )
