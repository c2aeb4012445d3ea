"""How long things dwell from a slot to a message, from what is stored.

Of checks, those of the last minutes, by the sample of monitors that `store.figures` takes; of
incidents, those of the last day.
"""

import time
from dataclasses import dataclass
from typing import Any

from vedette.core.ids import uuid7
from vedette.core.slots import SHARDS
from vedette.store.figures import A_SHARD
from vedette.store.pool import Connection

CHECKS_S = 900
INCIDENTS_S = 86_400
_A_MONITOR = 200
SHARES = (0.5, 0.95, 0.99)
STAGES = (
    "slot_to_start",
    "start_to_end",
    "start_to_result",
    "result_to_verdict",
    "verdict_to_event",
    "verdict_to_incident",
    "transition_to_delivered",
)
"""In the order of the way. Some only the processes know, some only the database."""

_OF_CHECKS = """
with taken as materialized (
    select extract(epoch from c.started_at - c.slot)::float8 as late,
        c.duration_ms::float8 / 1000 as took
    from generate_series(0, $1 - 1) as s (shard) cross join lateral (
        select id from monitor where shard = s.shard and deleted_at is null and not passive
        limit $2) m
    cross join lateral (
        select started_at, slot, duration_ms from check_result
        where monitor_id = m.id and slot > now() - make_interval(secs => $3) limit $4) c
    where c.started_at is not null),
stages (stage, took) as (
    select 'slot_to_start', late from taken union all select 'start_to_end', took from taken)"""
_OF_INCIDENTS = """
with recent as materialized (
    select i.id, i.opened_at, s.decided_at,
        c.started_at + make_interval(secs => c.duration_ms / 1000) as ended_at
    from incident i join span s on s.monitor_id = i.monitor_id and s.sequence = i.opened_by
    left join check_result c on c.monitor_id = i.monitor_id
        and c.slot = (i.cause->>'slot')::timestamptz and c.region = i.cause->>'region'
        and c.slot > now() - make_interval(secs => $2)
    where i.id > $1 and i.held is null),
stages (stage, took) as (
    select 'result_to_verdict', extract(epoch from decided_at - ended_at)::float8 from recent
    union all
    select 'verdict_to_incident', extract(epoch from opened_at - decided_at)::float8 from recent
    union all
    select 'transition_to_delivered', extract(epoch from d.sent_at - r.decided_at)::float8
    from recent r join delivery d on d.incident_id = r.id and d.transition = 'opened')"""
_SHARES = """
select stage, count(took) as n,
    percentile_cont(array[0.5, 0.95, 0.99]) within group (order by greatest(took, 0)) as took
from stages where took is not null group by stage"""


@dataclass(frozen=True, slots=True)
class Dwell:
    """A stage: how many went through it, and the seconds that 50, 95 and 99 % took at most."""

    stage: str
    count: int
    p50_s: float
    p95_s: float
    p99_s: float
    source: str


async def stored(db: Connection) -> list[Dwell]:
    """What the database tells."""
    checks = await db.fetch(_OF_CHECKS + _SHARES, SHARDS, A_SHARD, float(CHECKS_S), _A_MONITOR)
    since = uuid7(time.time_ns() // 1_000_000 - INCIDENTS_S * 1000)
    incidents = await db.fetch(_OF_INCIDENTS + _SHARES, since, float(INCIDENTS_S))
    minutes = f"checks of {CHECKS_S // 60} min"
    hours = f"incidents of {INCIDENTS_S // 3600} h"
    return [
        *(_dwell(row, minutes) for row in checks),
        *(_dwell(row, hours) for row in incidents),
    ]


def in_order(found: list[Dwell]) -> list[Dwell]:
    """Stage by stage."""
    return sorted(found, key=lambda dwell: (STAGES.index(dwell.stage), dwell.source))


def _dwell(row: Any, source: str) -> Dwell:
    p50_s, p95_s, p99_s = row["took"]
    return Dwell(row["stage"], row["n"], p50_s, p95_s, p99_s, source)
