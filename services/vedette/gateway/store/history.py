"""What happened to a monitor: its checks, its state, its spans."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from asyncpg import Record

from vedette.core.instants import EPOCH
from vedette.store.pool import Connection

# Bounds that are always there let every query use the index, whichever filters are given.
FIRST, LAST = EPOCH, datetime(9999, 1, 1, tzinfo=UTC)
_NEXT = timedelta(microseconds=1)
_FIRST_LOOK, _LONGER, _LAST_LOOK = timedelta(days=1), 6, timedelta(days=1000)


def storable(at: datetime) -> datetime:
    """The instant, or the bound it lies beyond: at the ends of Python's calendar UTC overflows."""
    return min(max(at, FIRST), LAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Which checks of a monitor: `since` <= slot < `until`, behind `after`."""

    since: datetime
    until: datetime
    outcome: str | None
    evidence: bool
    after: tuple[datetime, str]
    limit: int


async def checks(
    db: Connection, workspace: UUID, monitor: UUID, wanted: Checks, *, now: datetime
) -> list[Record]:
    """Checks, newest first.

    They are looked for in longer and longer stretches of time, so that few days are opened where
    the newest hold enough.
    """
    found: list[Record] = []
    end, back = min(wanted.until, wanted.after[0] + _NEXT), _FIRST_LOOK
    while end > wanted.since and len(found) < wanted.limit:
        begin = max(wanted.since, min(end, now) - back) if back < _LAST_LOOK else wanted.since
        missing = wanted.limit - len(found)
        part = replace(wanted, since=begin, until=end, limit=missing)
        found += await _checks(db, workspace, monitor, part)
        end, back = begin, back * _LONGER
    return found


async def _checks(db: Connection, workspace: UUID, monitor: UUID, wanted: Checks) -> list[Record]:
    return await db.fetch(
        "select c.slot, c.region, c.outcome, c.reason, c.message, c.started_at, c.duration_ms,"
        " c.detail, c.late, c.no_say, e.evidence from check_result c"
        " left join check_evidence e on $9 and e.monitor_id = c.monitor_id"
        " and e.slot = c.slot and e.region = c.region"
        " where c.monitor_id = $2 and c.slot >= $3 and c.slot < $4"
        " and exists (select from monitor m where m.id = $2 and m.workspace_id = $1)"
        " and ($5::text is null or c.outcome = $5) and (c.slot, c.region) < ($6, $7)"
        " order by c.slot desc, c.region desc limit $8",
        workspace,
        monitor,
        wanted.since,
        wanted.until,
        wanted.outcome,
        *wanted.after,
        wanted.limit,
        wanted.evidence,
    )


async def standing(db: Connection, workspace: UUID, monitor: UUID) -> Record | None:
    """How a monitor stands, in the words of the one who judges it."""
    return await db.fetchrow(
        "select sequence, cause, failures, successes, recheck from monitor_state"
        " where workspace_id = $1 and monitor_id = $2",
        workspace,
        monitor,
    )


async def spans(
    db: Connection, workspace: UUID, monitor: UUID, *, before: int, limit: int
) -> list[Record]:
    """Spans, newest first."""
    return await db.fetch(
        "select sequence, state, started_at, ended_at, decided_at, cause from span"
        " where workspace_id = $1 and monitor_id = $2 and sequence < $3"
        " order by sequence desc limit $4",
        workspace,
        monitor,
        before,
        limit,
    )


async def spans_since(
    db: Connection, workspace: UUID, monitors: Sequence[UUID], since: datetime
) -> list[Record]:
    """The spans of some monitors that reach beyond an instant."""
    # From the newest back to the first that was over by then, however many there were before.
    return await db.fetch(
        "select s.monitor_id, s.state, s.started_at, s.ended_at"
        " from unnest($2::uuid[]) as m (id) cross join lateral ("
        "  select coalesce((select sequence from span where monitor_id = m.id and ended_at <= $3"
        "   order by sequence desc limit 1), 0) as last) o"
        " join span s on s.monitor_id = m.id and s.sequence > o.last and s.workspace_id = $1",
        workspace,
        monitors,
        since,
    )
