"""Everything at a glance: few queries, however many monitors there are."""

from uuid import UUID

from asyncpg import Record

from vedette.store.pool import Connection


async def monitors(db: Connection, workspace: UUID) -> list[Record]:
    """Every monitor and how it stands."""
    return await db.fetch(
        "select m.id, m.spec->>'name' as name, m.target, m.paused, m.created_at, m.updated_at,"
        " (m.spec->>'interval_s')::int as interval_s,"
        " (m.spec->>'timeout_s')::float8 as timeout_s,"
        " s.state, s.since, s.last_vote, s.last_check"
        " from monitor m left join monitor_state s on s.monitor_id = m.id"
        " where m.workspace_id = $1 and m.deleted_at is null",
        workspace,
    )


async def last_checks(db: Connection, workspace: UUID) -> list[Record]:
    """The last check of every monitor that is watched and has one."""
    return await db.fetch(
        "select m.id, m.spec->>'name' as name, m.spec->>'kind' as kind, s.last_check"
        " from monitor m join monitor_state s on s.monitor_id = m.id"
        " where m.workspace_id = $1 and m.deleted_at is null and not m.paused"
        " and s.last_check is not null order by m.id",
        workspace,
    )


async def totals(db: Connection) -> Record | None:
    """Counts over all workspaces, for the operator, and the regions in use."""
    return await db.fetchrow(
        "select count(*) filter (where not paused) as active_monitors,"
        " (select count(*) from incident where resolved_at is null) as active_incidents,"
        " (select coalesce(array_agg(distinct region), '{}') from monitor named,"
        "  jsonb_array_elements_text(named.spec->'regions') region"
        "  where named.deleted_at is null) as regions"
        " from monitor where deleted_at is null"
    )
