"""Gathering what tells whether Vedette is well. Each query costs the same however much is stored.

But for `_UNFOLLOWED`, which reads the states of all monitors, as the incidents service does every
15 s.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from vedette.core.figures import Figures, Sample
from vedette.core.instants import to_datetime, to_ms
from vedette.core.outcome import VOTES, Outcome
from vedette.core.presence import LIVE_S
from vedette.core.slots import SHARDS, slot_after
from vedette.core.wellness import RECORDED_WITHIN_S, UNFOLLOWED_S
from vedette.store.pool import Connection
from vedette.store.processes import GONE_S

A_SHARD = 16
"""Monitors of each shard that are looked at."""
RECENT_MS = 600_000

_PROCESSES = """
select instance, service, version, clock_ms from process
where seen_at > now() - make_interval(secs => $1)"""
_PROBERS = """
select name, region, version, clock_ms, kinds, lacking, left_at is null and seen_at > now()
    - make_interval(secs => $1) as live from prober"""
_SHARDS = """
select count(*) filter (where owner is null or expires_at < now()) as unowned,
    coalesce(extract(epoch from now() - min(watermark)), 0)::float8 as behind
from shard"""
_UNHEALTHY = """
select region, coalesce(message, trouble) as why from region_health
where not healthy and looked_at > now() - interval '2 min'"""
_SAMPLE = """
select m.*, now() as now from generate_series(0, $1 - 1) as s (shard) cross join lateral (
    select id, active_since, (spec->>'interval_s')::int as interval_s,
        (spec->>'timeout_s')::float8 as timeout_s, spec->'regions' as regions, spec->>'kind' as kind
    from monitor where shard = s.shard and deleted_at is null and not paused and not passive
    limit $2) m"""
_ENDED = """
select array_agg(c.outcome) filter (where c.outcome is not null) as outcomes
from unnest($1::uuid[], $2::timestamptz[]) as r (monitor, slot)
left join check_result c on c.monitor_id = r.monitor and c.slot = r.slot and c.slot >= $3
group by r.monitor, r.slot"""
_OUTBOX = """
select count(*) as waiting, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as age
from (select created_at from outbox order by id limit 10000) oldest"""
# What waits behind another message of its incident (a digest: of any of its recipient's), or in a
# lane that is at work, is attended to.
_DELIVERIES = """
select count(*) as overdue,
    coalesce(extract(epoch from now() - min(next_attempt_at)), 0)::float8 as age
from (select next_attempt_at from delivery d where status = 'pending' and next_attempt_at < now()
    and not exists (select from delivery busy where busy.status = 'pending'
        and busy.lane = d.lane and busy.claimed_by is not null and busy.next_attempt_at > now())
    and not exists (select from delivery before where before.status = 'pending'
        and before.channel_id = d.channel_id and before.recipient = d.recipient
        and before.created_at < d.created_at
        and (before.incident_id = d.incident_id or d.members > 0))
    order by next_attempt_at limit 10000) oldest"""
_UNFOLLOWED = """
select count(*) from monitor_state s left join incident_cursor c using (monitor_id)
join span p on p.monitor_id = s.monitor_id and p.sequence = s.sequence
where s.sequence > coalesce(c.sequence, 0) and p.decided_at < now() - make_interval(secs => $1)"""


async def figures(db: Connection) -> Figures:
    """Everything `core.wellness` judges by."""
    processes = await db.fetch(_PROCESSES, float(GONE_S))
    probers = await db.fetch(_PROBERS, float(LIVE_S))
    live = [prober for prober in probers if prober["live"]]
    shards: Any = await db.fetchrow(_SHARDS)
    monitors = await db.fetch(_SAMPLE, SHARDS, A_SHARD)
    outbox: Any = await db.fetchrow(_OUTBOX)
    deliveries: Any = await db.fetchrow(_DELIVERIES)
    return Figures(
        services=Counter(process["service"] for process in processes),
        probers={prober["region"]: 0 for prober in probers}
        | Counter(prober["region"] for prober in live),
        watched=frozenset(region for monitor in monitors for region in monitor["regions"]),
        unhealthy={row["region"]: row["why"] for row in await db.fetch(_UNHEALTHY)},
        uncheckable=_uncheckable(monitors, live),
        versions=Counter(one["version"] for one in [*processes, *live]),
        skews=_skews([(one["instance"], one["clock_ms"]) for one in processes])
        | _skews([(one["name"], one["clock_ms"]) for one in live]),
        unowned=shards["unowned"],
        behind_s=max(shards["behind"], 0),
        sample=await _sample(db, monitors),
        outbox=outbox["waiting"],
        outbox_s=outbox["age"],
        overdue=deliveries["overdue"],
        overdue_s=deliveries["age"],
        unfollowed=await db.fetchval(_UNFOLLOWED, float(UNFOLLOWED_S)),
    )


def _skews(told: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    return {who: clock_ms for who, clock_ms in told if clock_ms is not None}


def _uncheckable(monitors: list[Any], live: list[Any]) -> dict[str, str]:
    """Of the regions that have probers; those without are another matter."""
    there: dict[str, list[Any]] = {}
    for prober in live:
        there.setdefault(prober["region"], []).append(prober)
    wanted = {(one["kind"], region) for one in monitors for region in one["regions"]}
    return {
        f"{kind} in {region}": there[region][0]["lacking"].get(kind, "its probers don't know it")
        for kind, region in wanted
        if region in there and not any(kind in prober["kinds"] for prober in there[region])
    }


async def _sample(db: Connection, monitors: list[Any]) -> Sample:
    due = [slot for monitor in monitors if (slot := _newest_due(monitor)) is not None]
    if not due:
        return Sample()
    rows = await db.fetch(
        _ENDED,
        [monitor for monitor, _ in due],
        [to_datetime(slot) for _, slot in due],
        to_datetime(min(slot for _, slot in due)),
    )
    ends = Counter(_end({Outcome(outcome) for outcome in row["outcomes"] or ()}) for row in rows)
    return Sample(len(due), ends["seen"], ends["absent"], ends["missed"])


def _newest_due(monitor: Any) -> tuple[UUID, int] | None:
    """The newest slot that must be stored by now, if it is not too long ago to tell of today."""
    id, interval_ms, now = monitor["id"], monitor["interval_s"] * 1000, to_ms(monitor["now"])
    due_by = now - int((monitor["timeout_s"] + RECORDED_WITHIN_S) * 1000)
    slot = slot_after(id, interval_ms, due_by) - interval_ms
    recent = slot >= max(to_ms(monitor["active_since"]), now - RECENT_MS)
    return (id, slot) if recent else None


def _end(outcomes: set[Outcome]) -> str:
    if outcomes & VOTES:
        return "seen"
    if Outcome.MISSED in outcomes:
        return "missed"
    return "unseeing" if outcomes else "absent"
