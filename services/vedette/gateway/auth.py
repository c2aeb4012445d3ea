"""API keys: who asks. The database holds only their SHA-256."""

import time
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from vedette.gateway.store import keys
from vedette.store.pool import Pool, connection

_REMEMBERED_S = 30.0


@dataclass(frozen=True, slots=True)
class Caller:
    """A key that is good, and the workspace it opens."""

    key: UUID
    workspace: UUID


def hash_of(key: str) -> bytes:
    """What the database keeps of a key."""
    # Headers may carry any bytes; aiohttp keeps those that are no UTF-8 as surrogates.
    return sha256(key.encode(errors="surrogateescape")).digest()


class Keys:
    """Finds callers by their key; a good key is remembered for 30 seconds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._remembered: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, key: str) -> Caller | None:
        """Whose key this is, if anybody's. Raises Transient."""
        digest = hash_of(key)
        until, caller = self._remembered.get(digest, (0.0, None))
        if caller is not None and time.monotonic() < until:
            return caller
        self._remembered.pop(digest, None)
        async with connection(self._pool) as db:
            row = await keys.by_hash(db, digest)
        if row is None:
            return None
        found = Caller(row["id"], row["workspace_id"])
        self._remembered[digest] = (time.monotonic() + _REMEMBERED_S, found)
        return found
