"""Monitors: definitions, with how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from vedette.core.outcome import VOTES
from vedette.core.slots import shard_of
from vedette.core.state import State
from vedette.gateway.domain.uptime import Sight
from vedette.store.pool import Connection

SELECT = (
    "select m.id, m.spec, m.target, m.paused, m.version, m.created_at, m.updated_at,"
    " v.state, v.since, s.last_check, s.last_vote, p.token,"
    " nullif(p.wake_at, '-infinity') as wake_at"
    " from monitor m left join monitor_state s on s.monitor_id = m.id"
    " left join passive_monitor p on p.monitor_id = m.id"
    # A pause shows at once, whether or not the processor took it in yet; so does a resumption.
    " cross join lateral (select"
    "  case when m.paused then 'paused'"
    "  when s.state is null or s.state = 'paused' then 'pending' else s.state end as state,"
    "  case when s.state is null and not m.paused then m.created_at"
    "  when m.paused is distinct from (s.state = 'paused') then m.updated_at"
    "  else s.since end as since) v"
    " where m.workspace_id = $1 and m.deleted_at is null"
)

_GROUPS = 8_333_889


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which monitors."""

    state: State | None
    tag: str | None
    kind: str | None
    name: str | None


def sight(row: Record) -> Sight:
    """When a monitor was last seen, by a row of it."""
    return Sight(
        last_vote=row["last_vote"],
        interval_s=row["spec"].get("interval_s"),
        timeout_s=row["spec"].get("timeout_s", 0),
        looked_after_at=row["wake_at"],
    )


async def one(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A monitor."""
    return await db.fetchrow(f"{SELECT} and m.id = $2", workspace, id)


async def page(
    db: Connection, workspace: UUID, wanted: Filter, *, after: UUID | None, limit: int
) -> list[Record]:
    """Monitors in the order of their creation."""
    return await db.fetch(
        f"{SELECT} and m.id > $2 and {_in_state(wanted.state)}"
        " and ($3::text is null or m.spec->'tags' ? $3)"
        " and ($4::text is null or m.spec->>'kind' = $4)"
        " and ($5::text is null or strpos(lower(m.spec->>'name'), lower($5)) > 0)"
        " order by m.id limit $6",
        workspace,
        after or UUID(int=0),
        wanted.tag,
        wanted.kind,
        wanted.name,
        limit,
    )


def _in_state(state: State | None) -> str:
    """What a row of `SELECT` behind the id $2 must be, said so that an index has it.

    For each state on its own: those that are not up are few, and have an index of their own.
    """
    match state:
        case None:
            return "true"
        case State.PAUSED:
            return "m.paused"
        case State.PENDING:
            return "not m.paused and (s.state is null or s.state in ('pending', 'paused'))"
        case judged:
            own = "s.workspace_id = $1 and s.monitor_id > $2"
            return f"not m.paused and s.state = '{judged}' and {own}"


async def exists(db: Connection, workspace: UUID, id: UUID) -> bool:
    """Whether there is such a monitor."""
    return bool(
        await db.fetchval(
            "select exists (select from monitor"
            " where workspace_id = $1 and id = $2 and deleted_at is null)",
            workspace,
            id,
        )
    )


async def lock_existing(db: Connection, workspace: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Those of some monitors that exist, which stay for this transaction."""
    rows = await db.fetch(
        "select id from monitor where workspace_id = $1 and id = any($2::uuid[])"
        " and deleted_at is null order by id for key share",
        workspace,
        list(ids),
    )
    return {row["id"] for row in rows}


async def depends(db: Connection, ids: Sequence[UUID], *, on: UUID) -> bool:
    """Whether one of some monitors is, or has below it as a group, a certain one."""
    # One change of groups at a time: two could make a circle that neither sees.
    await db.execute("select pg_advisory_xact_lock($1)", _GROUPS)
    found: bool = await db.fetchval(
        "with recursive below (id) as (select unnest($1::uuid[]) union"
        " select member::uuid from below join monitor g on g.id = below.id"
        " and g.spec->>'kind' = 'group' and g.deleted_at is null,"
        " jsonb_array_elements_text(g.spec->'target'->'members') member)"
        " select exists (select from below where id = $2)",
        list(ids),
        on,
    )
    return found


async def lock(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A monitor's definition, for a change of it in this transaction."""
    return await db.fetchrow(
        "select id, spec, target, paused, version, revision from monitor"
        " where workspace_id = $1 and id = $2 and deleted_at is null for no key update",
        workspace,
        id,
    )


async def insert(
    db: Connection,
    workspace: UUID,
    id: UUID,
    *,
    spec: dict[str, Any],
    target: str,
    passive: bool,
) -> None:
    """Add a monitor."""
    await db.execute(
        "insert into monitor (workspace_id, id, shard, spec, target, passive)"
        " values ($1, $2, $3, $4, $5, $6)",
        workspace,
        id,
        shard_of(id),
        spec,
        target,
        passive,
    )


async def update(
    db: Connection, workspace: UUID, id: UUID, *, spec: dict[str, Any], target: str, reprobe: bool
) -> None:
    """Change a definition; `reprobe` when the change means something to a prober."""
    await db.execute(
        "update monitor set spec = $3, target = $4, version = version + 1,"
        " revision = revision + $5::int, updated_at = now()"
        " where workspace_id = $1 and id = $2",
        workspace,
        id,
        spec,
        target,
        int(reprobe),
    )


async def set_paused(db: Connection, workspace: UUID, id: UUID, *, paused: bool) -> None:
    """Pause or resume."""
    await db.execute(
        "update monitor set paused = $3, version = version + 1, updated_at = now(),"
        # A resumed monitor's slots begin now, with one that is due at once.
        " active_since = case when $3 then active_since"
        " else date_trunc('milliseconds', now()) end"
        " where workspace_id = $1 and id = $2",
        workspace,
        id,
        paused,
    )


async def delete(db: Connection, workspace: UUID, id: UUID) -> None:
    """Watch it no more; its history stays."""
    await db.execute(
        "update monitor set deleted_at = now(), version = version + 1, updated_at = now()"
        " where workspace_id = $1 and id = $2",
        workspace,
        id,
    )


async def naming_channel(db: Connection, workspace: UUID, channel: UUID) -> list[Record]:
    """The monitors whose definition names a channel, for a change of them."""
    return await db.fetch(
        "select id, spec, target, paused, version, revision from monitor"
        " where workspace_id = $1 and deleted_at is null and spec->'channels' ? $2"
        " order by id for no key update",
        workspace,
        str(channel),
    )


async def last_checks(
    db: Connection, workspace: UUID, *, after: UUID | None, limit: int
) -> list[Record]:
    """The last checks of monitors that are watched, of those that saw their target."""
    return await db.fetch(
        "select m.id, m.spec->>'name' as name, m.spec->>'kind' as kind, c->>'outcome' as outcome,"
        " (c->>'duration_ms')::float8 as duration_ms, c->'facts'->>'status' as status,"
        " c->'phases' as phases"
        " from monitor m join monitor_state s on s.monitor_id = m.id,"
        " lateral (select s.last_check as c) l"
        " where m.workspace_id = $1 and m.deleted_at is null and not m.paused and m.id > $2"
        " and c->>'outcome' = any($3) order by m.id limit $4",
        workspace,
        after or UUID(int=0),
        sorted(VOTES),
        limit,
    )


async def regions(db: Connection, workspace: UUID) -> list[str]:
    """The regions that monitors of a workspace name."""
    rows = await db.fetch(
        "select distinct region from monitor m, jsonb_array_elements_text(m.spec->'regions') region"
        " where m.workspace_id = $1 and m.deleted_at is null",
        workspace,
    )
    return [row["region"] for row in rows]


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
