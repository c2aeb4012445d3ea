"""How long a workspace keeps what was seen."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from vedette.store.pool import Connection


async def one(db: Connection, workspace: UUID) -> Record | None:
    """What a workspace says, if it ever said anything."""
    return await db.fetchrow(
        "select spec, version, updated_at from retention where workspace_id = $1", workspace
    )


async def lock(db: Connection, workspace: UUID) -> Record | None:
    """The same, for a change of it in this transaction."""
    await db.execute("select from workspace where id = $1 for no key update", workspace)
    return await one(db, workspace)


async def put(db: Connection, workspace: UUID, spec: dict[str, Any]) -> None:
    """Keep what it says now."""
    await db.execute(
        "insert into retention as r (workspace_id, spec) values ($1, $2)"
        " on conflict (workspace_id) do update set spec = excluded.spec,"
        " version = r.version + 1, updated_at = now()",
        workspace,
        spec,
    )
