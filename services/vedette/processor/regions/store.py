"""The SQL of regions: what they look like, their health, and who is told of it."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from vedette.core.events import RegionOutage
from vedette.core.instants import to_datetime, to_ms
from vedette.core.presence import LIVE_S, REMEMBERED_S
from vedette.core.regions import Trouble
from vedette.processor.regions.domain import Health, Problem, Sight
from vedette.store.pool import Connection

_LOCK = 8_333_885
_DOUBTED = timedelta(seconds=15)
_KEPT = timedelta(days=30)


class RegionStore:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def alone(self) -> bool:
        """Whether no other processor looks at the regions now; nor will, until this ends."""
        mine: bool = await self.db.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK)
        return mine

    async def now(self) -> int:
        """The database's clock, which all processors share."""
        return to_ms(await self.db.fetchval("select now()"))

    async def note_results(self, regions: Collection[str]) -> None:
        """Keep that results came just now from regions that are looked at."""
        await self.db.execute(
            "update region_health set results_at = now() where region = any($1::text[])",
            list(regions),
        )

    async def note_doubts(self, regions: Collection[str]) -> None:
        """Have somebody look whether these regions are broken."""
        await self.db.execute(
            "update region_health set doubted_at = now() where region = any($1::text[])",
            list(regions),
        )

    async def doubted(self) -> set[str]:
        """The regions that were doubted lately, or are broken."""
        rows = await self.db.fetch(
            "select region from region_health where doubted_at > now() - $1::interval"
            " or not healthy and trouble = $2",
            _DOUBTED,
            Trouble.DISAGREEMENT,
        )
        return {row["region"] for row in rows}

    async def broken(self) -> dict[str, str]:
        """The regions whose votes have no say, and why."""
        rows = await self.db.fetch(
            "select region, message from region_health where not healthy and trouble = $1",
            Trouble.DISAGREEMENT,
        )
        return {row["region"]: row["message"] for row in rows}

    async def sights(self) -> dict[str, Sight]:
        """What the regions look like that have, or had lately, a prober or results."""
        rows = await self.db.fetch(
            "select coalesce(p.region, r.region) as region, coalesce(p.known, 0) as known,"
            " coalesce(p.live, 0) as live, coalesce(p.cut_off, 0) as cut_off,"
            " coalesce(r.results_at > now() - $1::interval, false) as results"
            " from region_health r full join"
            " (select region, count(*) as known, count(*) filter (where live) as live,"
            "  count(*) filter (where live and not uplink) as cut_off"
            "  from (select region, uplink, left_at is null and seen_at > now() - $1::interval"
            "   as live from prober where seen_at > now() - $2::interval) heard"
            "  group by region) p on p.region = r.region",
            timedelta(seconds=LIVE_S),
            timedelta(seconds=REMEMBERED_S),
        )
        return {
            row["region"]: Sight(row["live"], row["known"], row["cut_off"], row["results"])
            for row in rows
        }

    async def health(self) -> dict[str, tuple[Health, UUID | None]]:
        """How the regions were when they were last looked at, and the outages that go on."""
        rows = await self.db.fetch("select * from region_health")
        return {row["region"]: (_health(row), row["outage_id"]) for row in rows}

    async def save(self, region: str, health: Health, outage: UUID | None) -> None:
        """Keep a region's health."""
        problem = health.problem
        await self.db.execute(
            "insert into region_health as r (region, healthy, since, looks_bad, looks_so_since,"
            " looked_at, had_prober, trouble, message, outage_id)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (region) do update set"
            " healthy = $2, since = $3, looks_bad = $4, looks_so_since = $5, looked_at = $6,"
            " had_prober = $7, trouble = $8, message = $9, outage_id = $10",
            region,
            health.healthy,
            to_datetime(health.since),
            health.looks_bad,
            to_datetime(health.looks_so_since),
            to_datetime(health.looked_at),
            health.had_prober,
            None if problem is None else problem.trouble.value,
            None if problem is None else problem.message,
            outage,
        )

    async def forget(self, regions: Collection[str]) -> None:
        """Look at these regions no more."""
        await self.db.execute(
            "delete from region_health where region = any($1::text[])", list(regions)
        )

    async def named(self) -> set[str]:
        """The regions that monitors are to be checked from."""
        rows = await self.db.fetch(
            "select distinct region from monitor m, jsonb_array_elements_text(m.spec->'regions')"
            " region where m.deleted_at is null and not m.paused and not m.passive"
        )
        return {row["region"] for row in rows}

    async def concerned(self, region: str, outage: UUID) -> Sequence[Any]:
        """The workspaces with monitors in a region that were not told of its outage yet."""
        return await self.db.fetch(
            "select m.workspace_id, count(distinct m.id) as monitors, count(distinct m.id)"
            " filter (where jsonb_array_length(m.spec->'regions') = 1) as alone,"
            " coalesce(array_agg(distinct channel::uuid) filter (where channel is not null), '{}')"
            " as channels from monitor m"
            " left join lateral jsonb_array_elements_text(m.spec->'channels') channel on true"
            " where not m.passive and not m.paused and m.deleted_at is null"
            " and m.spec->'regions' ? $1 and not exists (select from region_notice n"
            "  where n.outage_id = $2 and n.workspace_id = m.workspace_id) group by 1 order by 1",
            region,
            outage,
        )

    async def keep_notice(self, outage: UUID, workspace: UUID, told: RegionOutage) -> None:
        """Remember that a workspace was told, and what."""
        await self.db.execute(
            "insert into region_notice (outage_id, workspace_id, outage) values ($1, $2, $3)",
            outage,
            workspace,
            told.model_dump(mode="json"),
        )

    async def end_notices(self, outage: UUID) -> list[tuple[UUID, RegionOutage]]:
        """Those who were told of an outage and of no end yet, which they are now."""
        rows = await self.db.fetch(
            "update region_notice set ended_at = now() where outage_id = $1 and ended_at is null"
            " returning workspace_id, outage",
            outage,
        )
        return [(row["workspace_id"], RegionOutage.model_validate(row["outage"])) for row in rows]


async def forget_old_notices(db: Connection) -> None:
    """Let go of who was told of what is long over."""
    await db.execute("delete from region_notice where ended_at < now() - $1::interval", _KEPT)


def _health(row: Any) -> Health:
    problem = None
    if row["trouble"] is not None:
        problem = Problem(Trouble(row["trouble"]), row["message"])
    return Health(
        healthy=row["healthy"],
        since=to_ms(row["since"]),
        looks_bad=row["looks_bad"],
        looks_so_since=to_ms(row["looks_so_since"]),
        looked_at=to_ms(row["looked_at"]),
        had_prober=row["had_prober"],
        problem=problem,
    )
