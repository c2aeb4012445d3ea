"""What a region and the others saw lately of the region's monitors, for weighing it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from vedette.core.instants import to_ms
from vedette.core.outcome import Outcome
from vedette.core.presence import LIVE_S
from vedette.processor.regions.weighing import SOUND, Vote, Weighed, seen_by, weigh
from vedette.store.pool import Connection

_MOST = 400
"""So many of a region's monitors tell of the others."""


@dataclass(frozen=True, slots=True)
class _Sample:
    monitors: list[UUID]
    long_down: set[UUID]
    shared: bool


async def weigh_region(db: Connection, region: str) -> Weighed:
    """What the failures that a region sees now are worth."""
    sample = await _sample(db, region)
    if not sample.monitors:
        return SOUND
    rows = await db.fetch(
        "select c.monitor_id, c.region, c.slot, c.outcome from monitor m"
        " join check_result c on c.monitor_id = m.id and c.revision = m.revision"
        "  and c.slot > now() - make_interval(secs => greatest((m.spec->>'interval_s')::int, 60)"
        "   + (m.spec->>'timeout_s')::float8)"
        # The planner opens these days' partitions only.
        "  and c.slot > now() - interval '25 hours' and c.slot < now() + interval '1 hour'"
        " where m.id = any($1::uuid[]) and c.outcome in ('up', 'degraded', 'down')"
        " order by c.slot",
        sample.monitors,
    )
    votes = [
        Vote(row["monitor_id"], row["region"], to_ms(row["slot"]), Outcome(row["outcome"]))
        for row in rows
    ]
    seen = seen_by(region, votes, sample.long_down)
    return weigh(seen, cut_off=await _cut_off(db, region), shared=sample.shared)


async def _sample(db: Connection, region: str) -> _Sample:
    rows = await db.fetch(
        "select m.id, jsonb_array_length(m.spec->'regions') > 1 as shared,"
        " s.verdict = 'down' and s.since < now() - make_interval(secs =>"
        "  greatest((m.spec->>'interval_s')::int, 60)) as long_down"
        " from monitor m join monitor_state s on s.monitor_id = m.id"
        " where m.deleted_at is null and not m.paused and not m.passive"
        " and m.spec->'regions' ? $1 order by m.id limit $2",
        region,
        _MOST,
    )
    return _Sample(
        [row["id"] for row in rows],
        {row["id"] for row in rows if row["long_down"]},
        any(row["shared"] for row in rows),
    )


async def _cut_off(db: Connection, region: str) -> bool:
    """Whether no canary answers any of its live probers."""
    gone: bool | None = await db.fetchval(
        "select bool_and(uplink is false) from prober where region = $1 and left_at is null"
        " and seen_at > now() - $2::interval",
        region,
        timedelta(seconds=LIVE_S),
    )
    return gone is True
