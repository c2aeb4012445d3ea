"""The SQL of rounds of several regions. Monitors with one region never come here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vedette.core.events import Cause, Vote
from vedette.core.instants import iso, to_datetime, to_ms
from vedette.processor.rows import Watched, cause_of_row, watched
from vedette.store.pool import Connection

Key = tuple[UUID, int]
"""A monitor and a slot."""


_ANNOTATED = (
    " set cause = jsonb_set(t.cause, '{votes}', (select jsonb_agg("
    "  case when v->>'region' = l.r then l.v else v end order by n)"
    "  from jsonb_array_elements(t.cause->'votes') with ordinality as e (v, n)))"
    " from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[])"
    " as l (m, s, t, r, v)"
    " where t.monitor_id = l.m and t.cause->>'slot' = l.t and t.cause->'votes' <> '[]'"
)
_ANNOTATE_SPANS = (
    f"update span t {_ANNOTATED}"
    " and t.started_at <= l.s and (t.ended_at is null or t.ended_at > l.s)"
)
_ANNOTATE_STATES = f"update monitor_state t {_ANNOTATED}"


@dataclass(frozen=True, slots=True)
class End:
    """A round that needs no more votes; if it was judged, those before it don't either."""

    monitor: UUID
    slot: int
    judged: bool


@dataclass(frozen=True, slots=True)
class Postscript:
    """What a region said after the round was judged that brought a state."""

    monitor: UUID
    slot: int
    vote: Vote


async def votes(
    db: Connection, rounds: Sequence[tuple[UUID, int, int]]
) -> dict[Key, dict[str, Cause]]:
    """The checks of these rounds (monitor, slot, revision) that ended so far, by region."""
    if not rounds:
        return {}
    slots = [slot for _, slot, _ in rounds]
    rows = await db.fetch(
        "select c.monitor_id, c.slot, c.region, c.outcome, c.reason, c.message, c.duration_ms,"
        " c.detail from unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) as r (m, s, v)"
        " join check_result c on c.monitor_id = r.m and c.slot = r.s and c.revision = r.v"
        " where c.slot >= $4 and c.slot <= $5",  # so only these days' partitions are opened
        [monitor for monitor, _, _ in rounds],
        [to_datetime(slot) for slot in slots],
        [revision for _, _, revision in rounds],
        to_datetime(min(slots)),
        to_datetime(max(slots)),
    )
    found: dict[Key, dict[str, Cause]] = {}
    for row in rows:
        key = row["monitor_id"], to_ms(row["slot"])
        found.setdefault(key, {})[row["region"]] = cause_of_row(row)
    return found


async def keep_open(db: Connection, rounds: Sequence[tuple[UUID, int, int]]) -> None:
    """Remember when to close rounds (monitor, slot, instant); what is known already stays."""
    await db.execute(
        "insert into open_round (monitor_id, slot, closes_at)"
        " select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[])"
        " on conflict do nothing",
        [monitor for monitor, _, _ in rounds],
        [to_datetime(slot) for _, slot, _ in rounds],
        [to_datetime(closes_at) for _, _, closes_at in rounds],
    )


async def end(db: Connection, ends: Sequence[End]) -> None:
    """Forget rounds that need no more votes."""
    await db.execute(
        "delete from open_round o using unnest($1::uuid[], $2::timestamptz[], $3::boolean[])"
        " as e (m, s, j) where o.monitor_id = e.m and (o.slot = e.s or e.j and o.slot < e.s)",
        [one.monitor for one in ends],
        [to_datetime(one.slot) for one in ends],
        [one.judged for one in ends],
    )


async def any_due(db: Connection, now: int) -> bool:
    """Whether there may be rounds to close."""
    found: bool = await db.fetchval(
        "select exists (select from open_round where closes_at <= $1)", to_datetime(now)
    )
    return found


async def due(db: Connection, now: int, limit: int) -> list[tuple[Watched, int]]:
    """Rounds to close, each with its monitor, whose state is locked.

    What another processor has locked is left to it, or to the next time.
    """
    rows = await db.fetch(
        "select s.*, m.spec, m.target, m.revision, m.paused, m.active_since,"
        " o.slot as open_slot"
        " from open_round o join monitor_state s on s.monitor_id = o.monitor_id"
        " join monitor m on m.id = s.monitor_id"
        " where o.closes_at <= $1 and m.deleted_at is null"
        " order by s.monitor_id, o.slot limit $2 for update of s skip locked",
        to_datetime(now),
        limit,
    )
    return [(watched(row), to_ms(row["open_slot"])) for row in rows]


async def forget_old(db: Connection) -> None:
    """Drop rounds that nobody closed for a day: their monitors are deleted."""
    await db.execute("delete from open_round where closes_at < now() - interval '1 day'")


async def mark_late(db: Connection, checks: Sequence[tuple[UUID, int, str]]) -> None:
    """Note of checks (monitor, slot, region) that their rounds had been judged before."""
    slots = [slot for _, slot, _ in checks]
    await db.execute(
        "update check_result c set late = true"
        " from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as l (m, s, r)"
        " where c.monitor_id = l.m and c.slot = l.s and c.region = l.r"
        " and c.slot >= $4 and c.slot <= $5",
        [monitor for monitor, _, _ in checks],
        [to_datetime(slot) for slot in slots],
        [region for _, _, region in checks],
        to_datetime(min(slots)),
        to_datetime(max(slots)),
    )


async def annotate(db: Connection, postscripts: Sequence[Postscript]) -> None:
    """Add late votes to the evidence of the states that their rounds brought."""
    values: list[list[Any]] = [
        [one.monitor for one in postscripts],
        [to_datetime(one.slot) for one in postscripts],
        [iso(one.slot) for one in postscripts],
        [one.vote.region for one in postscripts],
        [one.vote.model_dump(mode="json", exclude_none=True) for one in postscripts],
    ]
    await db.execute(_ANNOTATE_SPANS, *values)
    await db.execute(_ANNOTATE_STATES, *values)
