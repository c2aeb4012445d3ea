"""Results that find what was known: nearly all there are, so they are dealt with by one statement.

A target of one region that was up and is up again changes nothing but when it was seen last.
What such a check comes to is the same here as by `judging`; all others are left for that.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from vedette.core.expiry import DEFAULT_DAYS
from vedette.core.instants import iso, to_ms
from vedette.core.outcome import Outcome
from vedette.core.state import State
from vedette.processor.arrivals import Arrivals, Raw
from vedette.processor.domain import UNSEEN_INTERVALS
from vedette.processor.expiring import FACTS
from vedette.processor.rollup import closed_until
from vedette.store.pool import Connection

# What a result has that tells of more than that all is well.
_TELLING = ("reason", "message", "evidence")
_ENDS = frozenset(name for names in FACTS.values() for name in names)
_DAY_MS = 86_400_000
_UP = Outcome.UP.value

_SETTLE = f"""
with given as materialized (
    select *, to_timestamp(s / 1000::float8) as slot from unnest($3::uuid[], $4::bigint[],
        $5::bigint[], $6::bigint[], $7::real[], $8::text[], $9::text[], $10::int[])
    as u (m, s, v, b, d, x, l, e)),
locked as materialized (
    select monitor_id, state, verdict, failures, successes, run_since, round, last_vote, recheck
    from monitor_state where monitor_id = any($1::uuid[]) order by monitor_id for update),
usual as materialized (
    select g.* from given g join locked s on s.monitor_id = g.m join monitor m on m.id = g.m
    where s.state = '{State.UP}' and s.verdict = '{State.UP}'
    and s.failures = 0 and s.successes = 0 and s.run_since is null and s.recheck is null
    and s.round < g.slot
    and g.slot <= s.last_vote + interval '1 s'
        * ({UNSEEN_INTERVALS} * (m.spec->>'interval_s')::int + (m.spec->>'timeout_s')::float8)
    and m.deleted_at is null and not m.paused and not m.passive and m.revision = g.v
    and m.spec->'regions' = jsonb_build_array($2::text)
    and (g.e is null or g.e > coalesce((m.spec->'certificate_days'->>0)::int, {DEFAULT_DAYS[0]})
        and g.e > coalesce((m.spec->'domain_days'->>0)::int, 0))),
stored as (
    insert into check_result (monitor_id, slot, region, outcome, revision, started_at, duration_ms,
        detail)
    select m, slot, $2, '{_UP}', v, to_timestamp(b / 1000::float8), d, x::jsonb
    from usual order by m
    on conflict do nothing returning monitor_id),
settled as (
    update monitor_state s set round = u.slot, last_vote = u.slot, last_check = u.l::jsonb
    from usual u where s.monitor_id = u.m
    -- Not as a join, whose size PostgreSQL can't guess: so it is looked up in a hash table.
    and (u.m in (select monitor_id from stored)) is true
    returning s.monitor_id)
select m::text as monitor from given where m not in (select monitor_id from settled)
"""  # noqa: S608  (constants of ours)


async def settle(db: Connection, arrivals: Sequence[Arrivals], now: int) -> tuple[int, list[Raw]]:
    """Store and judge the usual ones of some results of one region; says how many, and the others.

    The states of all monitors are locked, in the order of their ids, whatever is told of them.
    """
    results = [result for arrival in arrivals for result in arrival.results]
    times = Counter(result["monitor_id"] for result in results)
    region, since = arrivals[0].region, closed_until(now)
    plain = [
        result
        for arrival in arrivals
        if arrival.storable
        for result in arrival.results
        if times[result["monitor_id"]] == 1 and _is_plain(result) and result["slot"] >= since
    ]
    rows = await db.fetch(
        _SETTLE,
        list(times),
        region,
        [result["monitor_id"] for result in plain],
        [result["slot"] for result in plain],
        [result["revision"] for result in plain],
        [result["started_at"] for result in plain],
        [result["duration_ms"] for result in plain],
        [_detail(result) for result in plain],
        [_last_check(result, region) for result in plain],
        [_days_left(result, now) for result in plain],
    )
    left = {result["monitor_id"] for result in plain} ^ times.keys()
    left.update(row["monitor"] for row in rows)
    others = [result for result in results if result["monitor_id"] in left]
    return len(results) - len(others), others


def _is_plain(result: Raw) -> bool:
    return (
        result["outcome"] == _UP
        and result.get("started_at") is not None
        and result.get("duration_ms") is not None
        and all(result.get(name) is None for name in _TELLING)
    )


def _detail(result: Raw) -> str | None:
    detail = {name: result[name] for name in ("phases", "facts") if result.get(name)}
    return orjson.dumps(detail).decode() if detail else None


def _last_check(result: Raw, region: str) -> str:
    shown = {
        "outcome": _UP,
        "duration_ms": result["duration_ms"],
        "phases": result.get("phases") or {},
        "facts": result.get("facts") or {},
        "started_at": iso(result["started_at"]),
        "region": region,
        "slot": iso(result["slot"]),
    }
    return orjson.dumps(shown).decode()


def _days_left(result: Raw, now: int) -> int | None:
    """Full days until the first end that the facts tell of; -1 if that can't be read."""
    facts = result.get("facts")
    if not facts or _ENDS.isdisjoint(facts):  # as mostly
        return None
    try:
        return min((_days_until(end, now) for end in _ends(facts)), default=None)
    except (ValueError, TypeError):  # no instant, or one without a time zone
        return -1


def _ends(facts: Mapping[str, Any]) -> Iterator[str]:
    for name in _ENDS:
        end = facts.get(name)
        if isinstance(end, str):
            yield end


def _days_until(end: str, now: int) -> int:
    return (to_ms(datetime.fromisoformat(end)) - now) // _DAY_MS
