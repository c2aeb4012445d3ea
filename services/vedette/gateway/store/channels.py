"""Channels."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from vedette.store.pool import Connection

_DELETING = 8_333_888
_SELECT = (
    "select id, name, kind, sealed_config, created_at, updated_at,"
    " (extract(epoch from updated_at) * 1000000)::bigint as version from channel"
    " where workspace_id = $1 and deleted_at is null"
)


async def one(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A channel."""
    return await db.fetchrow(f"{_SELECT} and id = $2", workspace, id)


async def lock(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A channel, for a change of it in this transaction."""
    return await db.fetchrow(f"{_SELECT} and id = $2 for no key update", workspace, id)


async def lock_existing(db: Connection, workspace: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these channels exist; they stay until this transaction ends."""
    rows = await db.fetch(
        "select id from channel where workspace_id = $1 and deleted_at is null"
        " and id = any($2::uuid[]) order by id for share",
        workspace,
        ids,
    )
    return {row["id"] for row in rows}


async def keep_all(db: Connection, workspace: UUID) -> None:
    """Let no channel be deleted until this transaction ends, which is yet to lock a monitor.

    Who deletes a channel locks it, and then the monitors that name it; who changes a monitor locks
    it, and then the channels it names. So neither begins before the other is done.
    """
    await db.execute(
        "select pg_advisory_xact_lock_shared($1, hashtext($2))", _DELETING, str(workspace)
    )


async def await_changes(db: Connection, workspace: UUID) -> None:
    """Wait for those who keep all channels, as nobody can until this transaction ends."""
    await db.execute("select pg_advisory_xact_lock($1, hashtext($2))", _DELETING, str(workspace))


async def page(db: Connection, workspace: UUID, *, after: UUID | None, limit: int) -> list[Record]:
    """Channels in the order of their creation."""
    return await db.fetch(
        f"{_SELECT} and id > $2 order by id limit $3", workspace, after or UUID(int=0), limit
    )


async def insert(
    db: Connection, workspace: UUID, id: UUID, *, name: str, kind: str, sealed_config: bytes
) -> None:
    """Add a channel."""
    await db.execute(
        "insert into channel (workspace_id, id, name, kind, sealed_config)"
        " values ($1, $2, $3, $4, $5)",
        workspace,
        id,
        name,
        kind,
        sealed_config,
    )


async def update(
    db: Connection, workspace: UUID, id: UUID, *, name: str, kind: str, sealed_config: bytes
) -> None:
    """Change a channel."""
    await db.execute(
        "update channel set name = $3, kind = $4, sealed_config = $5, updated_at = now()"
        " where workspace_id = $1 and id = $2",
        workspace,
        id,
        name,
        kind,
        sealed_config,
    )


async def delete(db: Connection, workspace: UUID, id: UUID) -> None:
    """Send nothing there any more; its deliveries stay."""
    await db.execute(
        "update channel set deleted_at = now(), updated_at = now()"
        " where workspace_id = $1 and id = $2",
        workspace,
        id,
    )
