"""Probers, which the processor writes down."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from asyncpg import Record

from vedette.core.presence import LIVE_S, REMEMBERED_S
from vedette.store.pool import Connection


async def known(db: Connection) -> list[Record]:
    """Those of all regions that were heard of lately, and whether they are live."""
    return await db.fetch(
        "select name, region, version, kinds, lacking, ipv6, in_flight, waiting, concurrency,"
        " uplink, since, seen_at, left_at is null and seen_at > now() - $1::interval as live"
        " from prober where seen_at > now() - $2::interval order by region, name, instance",
        timedelta(seconds=LIVE_S),
        timedelta(seconds=REMEMBERED_S),
    )


async def health(db: Connection) -> list[Record]:
    """How the regions are that are looked at."""
    return await db.fetch(
        "select region, healthy, since, case when not healthy then trouble end as trouble,"
        " case when not healthy then message end as message from region_health order by region"
    )


async def unhealthy(db: Connection, workspace: UUID) -> list[Record]:
    """The unhealthy regions that monitors of a workspace are to be checked from, and how many."""
    return await db.fetch(
        "select h.region, h.since, h.message, count(m.id) as monitors from region_health h"
        " join monitor m on m.spec->'regions' ? h.region"
        " where not h.healthy and m.workspace_id = $1 and m.deleted_at is null and not m.paused"
        " and not m.passive group by h.region order by h.region",
        workspace,
    )


async def live_by_region(db: Connection) -> list[Record]:
    """How many live probers each region has that had one lately."""
    return await db.fetch(
        "select region, count(*) filter (where left_at is null"
        " and seen_at > now() - $1::interval) as live"
        " from prober where seen_at > now() - $2::interval group by region",
        timedelta(seconds=LIVE_S),
        timedelta(seconds=REMEMBERED_S),
    )


async def introduced(db: Connection, names: Collection[str], within_s: float) -> bool:
    """Whether probers of all these names have told of a run that is `within_s` old at most."""
    found: int = await db.fetchval(
        "select count(distinct name) from prober where name = any($1) and left_at is null"
        " and since > now() - $2::interval",
        list(names),
        timedelta(seconds=within_s),
    )
    return found == len(names)
