"""The SQL that sums checks up by the hour, for who keeps the sums and for who reads what is left.

A rollup has one row a monitor, hour (or day) and region: how many checks ended in which way, how
long those took that found the target up or degraded, all together and as a histogram.
"""

import math
from typing import Literal

from vedette.core.histogram import PER_DOUBLING, SHORTEST_MS

Grain = Literal["hour", "day"]
TABLES: dict[Grain, str] = {"hour": "check_hourly", "day": "check_daily"}
OUTCOMES = ("up", "degraded", "down", "internal_error", "missed")
COLUMNS = f"monitor_id, at, region, {', '.join(OUTCOMES)}, total_ms, buckets, counts"

_SCALE = PER_DOUBLING / math.log(2)
_BUCKET = f"floor(ln(greatest(duration_ms, {SHORTEST_MS})::float8) * {_SCALE!r})::smallint"
_ANSWERED = "outcome in ('up', 'degraded') and duration_ms is not null"
_HOUR = "date_bin('1 hour', slot, 'epoch'::timestamptz)"
_DAY = "date_bin('1 day', at, 'epoch'::timestamptz)"
_COUNTED = ", ".join(
    f"coalesce(sum(n) filter (where outcome = '{name}'), 0)::int as {name}" for name in OUTCOMES
)
_ADDED = ", ".join(f"sum({name})::int as {name}" for name in OUTCOMES)


def summed(checks: str) -> str:
    """A query for the COLUMNS of `checks`, which yields some of the rows of check_result."""
    return f"""
        select monitor_id, at, region, {_COUNTED}, coalesce(sum(ms), 0) as total_ms,
            coalesce(array_agg(bucket) filter (where bucket is not null), '{{}}') as buckets,
            coalesce(array_agg(n) filter (where bucket is not null), '{{}}') as counts
        from (
            select monitor_id, {_HOUR} as at, region, outcome,
                case when {_ANSWERED} then {_BUCKET} end as bucket, count(*)::int as n,
                sum(duration_ms::float8) filter (where {_ANSWERED}) as ms
            from ({checks}) checks group by 1, 2, 3, 4, 5
        ) counted group by 1, 2, 3"""  # noqa: S608  (names and numbers of ours)


def merged(rollups: str) -> str:
    """A query for the COLUMNS, by the day, of `rollups`, which yields rows of check_hourly."""
    return f"""
        with hours as materialized ({rollups}), histogram as (
            select monitor_id, day, region, array_agg(bucket) as buckets, array_agg(n) as counts
            from (
                select monitor_id, {_DAY} as day, region, bucket, sum(n)::int as n
                from hours, unnest(buckets, counts) as u (bucket, n) group by 1, 2, 3, 4
            ) each group by 1, 2, 3
        )
        select monitor_id, day as at, region, {", ".join(OUTCOMES)}, total_ms,
            coalesce(buckets, '{{}}') as buckets, coalesce(counts, '{{}}') as counts
        from (
            select monitor_id, {_DAY} as day, region, {_ADDED}, sum(total_ms) as total_ms
            from hours group by 1, 2, 3
        ) totals left join histogram using (monitor_id, day, region)"""  # noqa: S608
