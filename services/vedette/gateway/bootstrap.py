"""The first workspace and its key, so that a new installation can be asked anything."""

from pydantic import SecretStr

from vedette.core.errors import VedetteError
from vedette.core.ids import uuid7
from vedette.gateway.auth import hash_of
from vedette.gateway.store import keys
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, Pool, transaction

_SHORTEST = 16


async def ensure_access(pool: Pool, api_key: SecretStr | None) -> None:
    """Make sure that there is a workspace, and a key to it: `api_key`, if given.

    Raises VedetteError when nobody could ask anything, or the key is too short to be safe.
    """
    key = None if api_key is None else api_key.get_secret_value()
    if key is not None and len(key) < _SHORTEST:
        raise VedetteError(f"VEDETTE_API_KEY has {len(key)} characters; it needs {_SHORTEST}")
    async with transaction(pool) as db:
        await keys.lock_bootstrap(db)
        await _ensure_workspace_and_key(db, key)


async def _ensure_workspace_and_key(db: Connection, key: str | None) -> None:
    workspace = await keys.first_workspace(db)
    if workspace is None:
        workspace = uuid7(now_ms())
        await keys.insert_workspace(db, workspace, "default")
    if key is not None:
        digest = hash_of(key)
        await keys.revoke_other_bootstrap_keys(db, workspace, digest)
        await keys.ensure_bootstrap_key(db, workspace, uuid7(now_ms()), digest)
    elif not await keys.any_key(db):
        raise VedetteError(
            "there is no API key yet: set VEDETTE_API_KEY to a random text of 16 characters or more"
        )
