"""What was stored, as the judge looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from tests.faults.judge import Change, Check, Incident, Watched

from vedette.core.instants import to_datetime, to_ms
from vedette.core.slots import slots_between

_UNSETTLED = {
    "events wait in the outbox": "select count(*) from outbox",
    "messages wait to be sent": "select count(*) from delivery where status = 'pending'",
    "changes wait for the incidents service": "select count(*) from monitor_state s"
    " left join incident_cursor c using (monitor_id) where s.sequence > coalesce(c.sequence, 0)",
    "monitors are down": "select count(*) from monitor_state where state in ('down', 'unknown')",
}


@dataclass(frozen=True)
class Stored:
    """Everything of one run."""

    monitors: Sequence[Watched]
    checks: Sequence[Check]
    changes: Sequence[Change]
    incidents: Sequence[Incident]
    unseen: Mapping[str, int]
    """Why checks saw nothing, and how many."""
    parked: Sequence[str]
    """Messages that nobody could deal with."""


async def unsettled(dsn: str, until: int) -> str:
    """What is still under way, in words; nothing when all has been dealt with."""
    db = await asyncpg.connect(dsn)
    try:
        for what, query in _UNSETTLED.items():
            number = await db.fetchval(query)
            if number:
                return f"{number} {what}"
        newest = await db.fetchval("select max(slot) from check_result where outcome <> 'missed'")
    finally:
        await db.close()
    return "" if newest is not None and to_ms(newest) > until else "no check is newer"


async def stored(dsn: str, targets: Mapping[UUID, int], until: int) -> Stored:
    """What the database holds of these monitors, with the slots up to an instant."""
    db = await asyncpg.connect(dsn)
    try:
        monitors = await db.fetch(
            "select m.id, m.active_since, (m.spec->>'interval_s')::int as interval_s,"
            " (m.spec->>'timeout_s')::float as timeout_s, m.spec->'regions' as regions"
            " from monitor m where id = any($1::uuid[])",
            list(targets),
        )
        checks = await db.fetch(
            "select monitor_id, region, slot, outcome, started_at, duration_ms from check_result"
            " where slot <= $1",
            to_datetime(until),
        )
        spans = await db.fetch(
            "select monitor_id, sequence, state, started_at, decided_at from span"
        )
        incidents = await db.fetch(
            "select id, monitor_id, opened_by, since, recovered_at from incident"
        )
        unseen = await db.fetch(
            "select outcome || ': ' || left(regexp_replace(message, '[0-9.]+', '…', 'g'), 90)"
            " as why, count(*) as number from check_result"
            " where outcome in ('missed', 'internal_error') group by 1 order by 2 desc"
        )
        parked = await db.fetch("select queue, reason, detail from dead_message")
    finally:
        await db.close()
    return Stored(
        [_watched(row, targets[row["id"]], until) for row in monitors],
        [_check(row, targets[row["monitor_id"]]) for row in checks],
        [_change(row, targets[row["monitor_id"]]) for row in spans],
        [_incident(row, targets[row["monitor_id"]]) for row in incidents],
        {row["why"]: row["number"] for row in unseen},
        [f"{row['queue']}: {row['reason']} {row['detail'] or ''}" for row in parked],
    )


def _watched(row: Any, target: int, until: int) -> Watched:
    import orjson

    since, interval = to_ms(row["active_since"]), row["interval_s"] * 1000
    return Watched(
        target=target,
        regions=tuple(orjson.loads(row["regions"])),
        interval_ms=interval,
        timeout_ms=int(row["timeout_s"] * 1000),
        slots=(since, *slots_between(row["id"], interval, since, until)),
    )


def _check(row: Any, target: int) -> Check:
    return Check(
        target,
        row["region"],
        to_ms(row["slot"]),
        row["outcome"],
        _ms(row["started_at"]),
        row["duration_ms"],
    )


def _change(row: Any, target: int) -> Change:
    return Change(
        target,
        row["sequence"],
        row["state"],
        to_ms(row["started_at"]),
        to_ms(row["decided_at"]),
    )


def _incident(row: Any, target: int) -> Incident:
    return Incident(
        str(row["id"]),
        target,
        row["opened_by"],
        to_ms(row["since"]),
        _ms(row["recovered_at"]),
    )


def _ms(at: Any) -> int | None:
    return None if at is None else to_ms(at)
