"""A past that never happened: monitors with checks, sums, states and incidents, made by the server.

The rows are as the services write them, in the order of time as they would come; only nobody was
watched. Whoever measures says how many monitors are checked how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from vedette.core.ids import uuid7
from vedette.core.instants import to_ms
from vedette.core.kinds import parse_monitor
from vedette.core.slots import shard_of
from vedette.processor.partitions import CHECKS, DAILY, HOURLY, make
from vedette.store.pool import Connection, Pool, connection, transaction
from vedette.store.rollups import COLUMNS, merged, summed

DAY = timedelta(days=1)
TAGS = ("production", "staging", "web", "api", "database")

# What a check over HTTPS tells, with times and sizes that differ.
_DETAIL = """jsonb_build_object(
    'phases', jsonb_build_object('dns', round((random() * 3)::numeric, 3),
        'connect', round((random() * 20)::numeric, 3), 'tls', round((random() * 40)::numeric, 3),
        'first_byte', round((random() * 90)::numeric, 3),
        'transfer', round((random() * 2)::numeric, 3)),
    'facts', jsonb_build_object('ip', '192.0.2.17', 'status', 200, 'http_version', '2',
        'size', 15000 + (random() * 100)::int, 'redirects', 0, 'tls_version', 'TLSv1.3',
        'certificate_expires_at', '2027-03-01T12:00:00.000Z',
        'certificate_issuer', 'CN=R11,O=Let''s Encrypt,C=US',
        'certificate_serial', substr(md5(m::text), 1, 30),
        'certificate_fingerprint', md5(m::text) || md5(m::text)))"""


@dataclass(frozen=True)
class Fleet:
    """So many monitors, each checked every `interval_s`."""

    count: int
    interval_s: int


async def add_monitors(db: Connection, workspace: UUID, fleet: Fleet, born: datetime) -> list[UUID]:
    """Monitors that exist since `born`; every hundredth has many tags."""
    ids = [uuid7(to_ms(born) + number) for number in range(fleet.count)]
    specs = [_spec(number, fleet.interval_s) for number in range(fleet.count)]
    await db.execute(
        "insert into monitor (id, workspace_id, shard, spec, target, created_at, updated_at,"
        " active_since) select i, $1, s, p, t, $6, $6, $6"
        " from unnest($2::uuid[], $3::smallint[], $4::jsonb[], $5::text[]) as u (i, s, p, t)",
        workspace,
        ids,
        [shard_of(id) for id in ids],
        [spec for spec, _ in specs],
        [target for _, target in specs],
        born,
    )
    return ids


def _spec(number: int, interval_s: int) -> tuple[dict[str, Any], str]:
    spec = parse_monitor(
        {
            "name": f"Shop {number}",
            "kind": "http",
            "target": {"url": f"https://shop-{number}.example/health"},
            "interval_s": interval_s,
            "tags": TAGS if number % 100 == 0 else TAGS[number % 5 : number % 5 + 1],
        }
    )
    return spec.model_dump(mode="json", by_alias=True), spec.target.summary()


async def add_checks(
    pool: Pool, monitors: Sequence[UUID], interval_s: int, since: datetime, until: datetime
) -> None:
    """A check of each monitor at each of its slots, a day at a time; some of them fail."""
    await make(pool, CHECKS, since=since, until=until)
    start = since
    while start < until:
        end = min(CHECKS.following(start), until)
        async with transaction(pool) as db:
            await db.execute(
                "insert into check_result (monitor_id, slot, region, outcome, reason, revision,"
                " started_at, duration_ms, detail)"
                " select m, slot, 'default', case when bad then 'down' else 'up' end,"
                " case when bad then 'status' end, 1, slot + interval '3 milliseconds',"
                f" 40 + 120 * random() * random(), {_DETAIL}"
                " from unnest($1::uuid[]) with ordinality as w (m, n),"
                " generate_series($2::timestamptz + (n * 977 % $4) * interval '1 second',"
                "  $3::timestamptz - interval '1 millisecond', make_interval(secs => $4)) slot,"
                " lateral (select random() < 0.002 and slot is not null as bad) luck order by slot",
                monitors,
                start,
                end,
                interval_s,
                timeout=600,
            )
        start = end


async def add_sums(pool: Pool, since: datetime, until: datetime) -> None:
    """The sums of every whole hour and day, and how far they go."""
    for parted in (HOURLY, DAILY):
        await make(pool, parted, since=since, until=until)
    start = CHECKS.start(since)
    while start < until:
        end = start + DAY
        bounds = start, min(end, until.replace(minute=0, second=0, microsecond=0))
        checks = "select * from check_result where slot >= $1 and slot < $2"
        hours = "select * from check_hourly where at >= $1 and at < $2"
        async with transaction(pool) as db:
            await db.execute(
                f"insert into check_hourly ({COLUMNS})"
                f" select * from ({summed(checks)}) s order by at",
                *bounds,
                timeout=600,
            )
            if end <= until:
                await db.execute(
                    f"insert into check_daily ({COLUMNS}) {merged(hours)}", *bounds, timeout=600
                )
        start = end
    async with connection(pool) as db:
        await db.execute(
            "insert into rollup_progress (grain, through, monitor_id) values"
            " ('hour', date_trunc('hour', $1::timestamptz), $2),"
            " ('day', date_trunc('day', $1::timestamptz), $2)"
            " on conflict (grain) do update set through = excluded.through",
            until,
            UUID(int=0),
        )


async def add_outages(db: Connection, workspace: UUID, since: datetime, until: datetime) -> None:
    """Five outages of each monitor, of which the last one of every hundredth goes on."""
    await db.execute(_SPANS, workspace, since, until)
    await db.execute(_STATES, workspace, until)
    await db.execute(_INCIDENTS, workspace)
    await db.execute(
        "insert into incident_cursor (monitor_id, sequence)"
        " select monitor_id, sequence from monitor_state where workspace_id = $1",
        workspace,
    )


# States take turns: pending, then up and down by turns, 11 of them, or 10 where it is down still.
_SPANS = """
    with numbered as (
        select id, row_number() over (order by id) as number from monitor where workspace_id = $1
    ), turns as (
        select id, n, case when number % 100 = 0 then 10 else 11 end as last,
            $2::timestamptz + (n * ($3::timestamptz - $2) / 12)
                + case when n % 2 = 0 and n > 0 then interval '-20 hours' else interval '0' end
                as at
        from numbered, generate_series(0, 11) n
    )
    insert into span (monitor_id, sequence, workspace_id, state, started_at, ended_at, decided_at)
    select id, n + 1, $1, case when n = 0 then 'pending' when n % 2 = 1 then 'up' else 'down' end,
        at, case when n < last then lead(at) over (partition by id order by n) end, at
    from turns where n <= last"""

_STATES = """
    insert into monitor_state (monitor_id, workspace_id, state, since, sequence, verdict,
        successes, round, last_vote, last_check, look_at)
    select s.monitor_id, $1, s.state, s.started_at, s.sequence, s.state, 1, $2, $2,
        jsonb_build_object('outcome', s.state, 'region', 'default', 'duration_ms', 71.25, 'slot',
            to_char($2::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'facts', jsonb_build_object('ip', '192.0.2.17', 'status', 200)),
        $2::timestamptz + interval '1 hour'
    from span s where s.workspace_id = $1 and s.ended_at is null"""

_INCIDENTS = """
    insert into incident (id, workspace_id, monitor_id, state, severity, since, opened_at,
        opened_by, resolved_at, recovered_at, resolution, cause, channels)
    select (lpad(to_hex((extract(epoch from started_at) * 1000)::bigint), 12, '0') || '7'
            || substr(md5(monitor_id::text || sequence), 1, 19))::uuid,
        $1, monitor_id, case when ended_at is null then 'investigating' else 'resolved' end,
        'critical', started_at, started_at, sequence, ended_at, ended_at,
        case when ended_at is not null then 'recovered' end,
        '{"outcome": "down", "reason": "status", "message": "503", "region": "default"}', '{}'
    from span where workspace_id = $1 and state = 'down'"""
