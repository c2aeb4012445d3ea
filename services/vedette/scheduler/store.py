"""The scheduler's SQL: leases, and the monitors behind them. Lease times are the database's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from vedette.core.instants import to_datetime, to_ms
from vedette.scheduler.definitions import monitors_of
from vedette.scheduler.domain import Monitor
from vedette.store.pool import Pool, connection, transaction
from vedette.store.secretbox import SecretBox

# Presence runs out as a lease does: so that whoever is left may take them all at once.
LEASE_S = 6.0

_MONITOR = "select id, shard, version, revision, spec, active_since from monitor"
_LIVING = "deleted_at is null and not paused and not passive"


@dataclass(frozen=True, slots=True)
class Lease:
    """A shard that was just taken over; `watermark` is where its last owner had got to."""

    shard: int
    watermark: int | None


class Renewal(NamedTuple):
    """What is still ours, how many schedulers live, and the database's time (Unix s)."""

    held: set[int]
    live: int
    now: float


class Store:
    """One method, one statement, but for `leave`, which is one transaction."""

    def __init__(self, pool: Pool, instance: str, box: SecretBox) -> None:
        self._pool = pool
        self._instance = instance
        self._box = box

    async def leave(self) -> None:
        """Say that this scheduler is gone, and give its shards back."""
        async with transaction(self._pool) as db:
            await db.execute(
                "update shard set owner = null, expires_at = '-infinity' where owner = $1",
                self._instance,
            )
            await db.execute(
                "delete from scheduler_instance"
                " where id = $1 or seen_at < now() - interval '1 hour'",
                self._instance,
            )

    async def renew(
        self, tokens: Mapping[int, int], watermarks: Mapping[int, int | None]
    ) -> Renewal:
        """Say that this scheduler lives, renew its leases and note how far it has dispatched."""
        known = (watermarks.get(shard) for shard in tokens)
        async with connection(self._pool) as db:
            row: Any = await db.fetchrow(
                "with me as (insert into scheduler_instance (id, seen_at) values ($5, now())"
                "  on conflict (id) do update set seen_at = now()),"
                " held as (update shard set expires_at = now() + make_interval(secs => $4),"
                "  watermark = coalesce(mine.watermark, shard.watermark)"
                "  from unnest($1::smallint[], $2::bigint[], $3::timestamptz[])"
                "  as mine (id, token, watermark)"
                "  where shard.id = mine.id and shard.token = mine.token and owner = $5"
                "  returning shard.id)"
                " select array(select id from held) as held, 1 + count(*) as live,"
                " extract(epoch from clock_timestamp())::float8 as now from scheduler_instance"
                " where id <> $5 and abs(extract(epoch from now() - seen_at))::float8 < $4",
                list(tokens.keys()),
                list(tokens.values()),
                [None if ms is None else to_datetime(ms) for ms in known],
                LEASE_S,
                self._instance,
            )
        return Renewal(set(row["held"]), row["live"], row["now"])

    async def release(self, shards: Sequence[int]) -> None:
        """Give shards back at once."""
        async with connection(self._pool) as db:
            await db.execute(
                "update shard set owner = null, expires_at = '-infinity'"
                " where id = any($1::smallint[]) and owner = $2",
                list(shards),
                self._instance,
            )

    async def acquire(
        self, limit: int, *, besides: Collection[int]
    ) -> dict[int, tuple[int, Lease]]:
        """Take up to `limit` shards that nobody holds: shard -> (fencing token, lease).

        What is held in our name by an earlier life of ours is ours at once; `besides` is what we
        hold already.
        """
        async with connection(self._pool) as db:
            rows = await db.fetch(
                "update shard set owner = $1, token = token + 1,"
                " expires_at = now() + make_interval(secs => $2) where id in ("
                " select id from shard where (expires_at < now() or owner = $1"
                # Leased by a clock that was put back since.
                " or expires_at > now() + 2 * make_interval(secs => $2))"
                " and id <> all($4::smallint[]) order by id limit $3"
                " for update skip locked) returning id, token, watermark",
                self._instance,
                LEASE_S,
                limit,
                list(besides),
            )
        return {row["id"]: (row["token"], _lease(row)) for row in rows}

    async def monitors_of(self, shards: Sequence[int]) -> list[Monitor]:
        """Every active monitor of these shards."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                f"{_MONITOR} where shard = any($1::smallint[]) and {_LIVING}", list(shards)
            )
        return await monitors_of(rows, self._box)

    async def monitors(self, ids: Sequence[UUID]) -> list[Monitor]:
        """Those of these monitors that are active."""
        async with connection(self._pool) as db:
            rows = await db.fetch(f"{_MONITOR} where id = any($1::uuid[]) and {_LIVING}", list(ids))
        return await monitors_of(rows, self._box)

    async def changed_since(self, at_ms: int) -> list[tuple[UUID, int | None]]:
        """Monitors that were changed after an instant, and their versions: none if not active."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                f"select id, case when {_LIVING} then version end as version"  # noqa: S608  (ours)
                " from monitor where updated_at > $1",
                to_datetime(at_ms),
            )
        return [(row["id"], row["version"]) for row in rows]

    async def rechecks_of(self, shards: Sequence[int]) -> list[tuple[UUID, int]]:
        """Confirmations that were asked for and not judged yet."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                "select s.monitor_id, s.recheck from monitor_state s"
                " join monitor m on m.id = s.monitor_id"
                " where s.recheck is not null and m.shard = any($1::smallint[])",
                list(shards),
            )
        return [(row["monitor_id"], to_ms(row["recheck"])) for row in rows]

    async def recorded(self, shards: Sequence[int], after: int) -> set[tuple[UUID, int]]:
        """The slots after an instant that have a check already."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                "select distinct c.monitor_id, c.slot from monitor m"
                " join check_result c on c.monitor_id = m.id"
                " where m.shard = any($1::smallint[]) and m.deleted_at is null and c.slot > $2",
                list(shards),
                to_datetime(after),
            )
        return {(row["monitor_id"], to_ms(row["slot"])) for row in rows}


def _lease(row: Any) -> Lease:
    watermark = row["watermark"]
    return Lease(row["id"], None if watermark is None else to_ms(watermark))
