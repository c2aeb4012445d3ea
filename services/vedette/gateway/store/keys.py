"""Workspaces and API keys."""

from uuid import UUID

from asyncpg import Record

from vedette.store.pool import Connection

BOOTSTRAP = "bootstrap"
# Ours alone among advisory locks: two gateways that start at once take turns.
_LOCK = 8_333_890


async def by_hash(db: Connection, digest: bytes) -> Record | None:
    """The key with this hash, unless revoked."""
    return await db.fetchrow(
        "select id, workspace_id from api_key where hash = $1 and revoked_at is null", digest
    )


async def any_key(db: Connection) -> bool:
    """Whether any key is good."""
    return bool(await db.fetchval("select exists (select from api_key where revoked_at is null)"))


async def first_workspace(db: Connection) -> UUID | None:
    """The oldest workspace."""
    found: UUID | None = await db.fetchval(
        "select id from workspace order by created_at, id limit 1"
    )
    return found


async def lock_bootstrap(db: Connection) -> None:
    """Wait until no other gateway is setting up, then until this transaction ends none will."""
    await db.execute("select pg_advisory_xact_lock($1)", _LOCK)


async def insert_workspace(db: Connection, id: UUID, name: str) -> None:
    """Add a workspace."""
    await db.execute("insert into workspace (id, name) values ($1, $2)", id, name)


async def revoke_other_bootstrap_keys(db: Connection, workspace: UUID, digest: bytes) -> None:
    """Let an earlier bootstrap key open nothing any more."""
    await db.execute(
        "update api_key set revoked_at = now()"
        " where workspace_id = $1 and name = $2 and hash <> $3 and revoked_at is null",
        workspace,
        BOOTSTRAP,
        digest,
    )


async def ensure_bootstrap_key(db: Connection, workspace: UUID, id: UUID, digest: bytes) -> None:
    """Let the key with this hash open the workspace."""
    await db.execute(
        "insert into api_key (id, workspace_id, name, hash) values ($1, $2, $3, $4)"
        " on conflict (hash) do update set revoked_at = null",
        id,
        workspace,
        BOOTSTRAP,
        digest,
    )
