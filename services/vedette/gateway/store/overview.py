"""All monitors of a workspace at once, without reading each: most are up, and only counted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from vedette.gateway.store.monitors import SELECT
from vedette.store.pool import Connection

# Each part has an index of its own. A monitor's sight can't be lost before the processor is to
# look after it (look_at, and wake_at of those that report by themselves).
_ODD = """
    select monitor_id from monitor_state where workspace_id = $1 and state <> 'up'
    union select monitor_id from monitor_state where workspace_id = $1 and look_at <= $2
    union select monitor_id from passive_monitor where wake_at <= $2 and wake_at > '-infinity'
    union select id from monitor new where workspace_id = $1 and deleted_at is null
        and not exists (select from monitor_state where monitor_id = new.id)"""
_BY_NAME = "lower(m.spec->>'name') collate \"C\""


async def counts(db: Connection, workspace: UUID) -> tuple[int, int]:
    """How many monitors there are, and how many of them are paused."""
    row = await db.fetchrow(
        "select (select count(*) from monitor where workspace_id = $1 and deleted_at is null),"
        " (select count(*) from monitor where workspace_id = $1 and deleted_at is null and paused)",
        workspace,
    )
    assert row is not None
    return row[0], row[1]


async def odd(db: Connection, workspace: UUID, now: datetime) -> list[Record]:
    """Those that are not paused and that may be anything but up; all others are up for certain."""
    return await db.fetch(f"{SELECT} and not m.paused and m.id in ({_ODD})", workspace, now)


async def by_name(
    db: Connection,
    workspace: UUID,
    *,
    paused: bool,
    without: Collection[UUID],
    skip: int,
    limit: int,
) -> list[Record]:
    """Those that are paused, or are not, without some of them: a stretch of them by their names."""
    those = "m.paused" if paused else "not m.paused"
    return await db.fetch(
        f"{SELECT} and m.id in (select m.id from monitor m"  # noqa: S608
        f" where m.workspace_id = $1 and m.deleted_at is null and {those}"
        f" and m.id <> all($2::uuid[]) order by {_BY_NAME}, m.id limit $3 offset $4)",
        workspace,
        list(without),
        limit,
        skip,
    )


async def last_seen(db: Connection, workspace: UUID) -> datetime | None:
    """When any of those that are not paused was last seen."""
    found: datetime | None = await db.fetchval(
        "select max(s.last_vote) from monitor_state s join monitor m on m.id = s.monitor_id"
        " where m.workspace_id = $1 and m.deleted_at is null and not m.paused",
        workspace,
    )
    return found


async def count_covered(
    db: Connection, workspace: UUID, monitors: Sequence[UUID], tags: Sequence[str]
) -> int:
    """How many that are not paused are among some monitors, or have one of some tags."""
    found: int = await db.fetchval(
        "select count(*) from monitor where workspace_id = $1 and deleted_at is null"
        " and not paused and (id = any($2::uuid[]) or spec->'tags' ?| $3::text[])",
        workspace,
        list(monitors),
        list(tags),
    )
    return found
