"""Incidents."""

from uuid import UUID

from asyncpg import Record

from vedette.store.pool import Connection

_NEWEST = UUID(int=2**128 - 1)
_SELECT = (
    "select i.id, i.monitor_id, m.spec->>'name' as name, m.target, i.state, i.severity, i.since,"
    " i.opened_at, i.resolved_at, i.recovered_at, i.resolution, i.channels, i.held, i.reminders,"
    # Its span's has the votes that came later as well.
    " coalesce(s.cause, i.cause) as cause"
    " from incident i join monitor m on m.id = i.monitor_id"
    " left join span s on s.monitor_id = i.monitor_id and s.sequence = i.opened_by"
    " where i.workspace_id = $1"
)


async def one(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """An incident."""
    return await db.fetchrow(f"{_SELECT} and i.id = $2", workspace, id)


async def count_open(db: Connection, workspace: UUID) -> int:
    """How many are open."""
    count: int = await db.fetchval(
        "select count(*) from incident where workspace_id = $1 and resolved_at is null", workspace
    )
    return count


async def page(
    db: Connection,
    workspace: UUID,
    *,
    is_open: bool | None,
    monitor: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Record]:
    """Incidents, newest first: ids are in the order of opening."""
    # Said only if it is asked for, so that each question has a plan with an index of its own.
    which = {None: "", True: " and i.resolved_at is null", False: " and i.resolved_at is not null"}
    whose = " and $4::uuid is null" if monitor is None else " and i.monitor_id = $4"
    return await db.fetch(
        f"{_SELECT} and i.id < $2{which[is_open]}{whose} order by i.id desc limit $3",
        workspace,
        before or _NEWEST,
        limit,
        monitor,
    )
