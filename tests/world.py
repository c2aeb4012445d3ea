"""Rows that several services' tests begin with."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID, uuid4

from vedette.core.instants import to_datetime
from vedette.core.kinds import parse_monitor
from vedette.core.slots import shard_of
from vedette.store.pool import Pool
from vedette.store.sealing import sealed
from vedette.store.secretbox import SecretBox

BOX = SecretBox("a secret of the tests")


def now_ms() -> int:
    """Now, in Unix ms."""
    return time.time_ns() // 1_000_000


async def add_workspace(pool: Pool) -> UUID:
    """A workspace."""
    id = uuid4()
    await pool.execute("insert into workspace (id, name) values ($1, 'test')", id)
    return id


async def add_monitor(
    pool: Pool, workspace: UUID, *, active_since: int | None = None, **fields: Any
) -> UUID:
    """A monitor as the gateway writes it."""
    id = uuid4()
    definition = {
        "name": "Shop",
        "kind": "http",
        "target": {"url": "http://127.0.0.1:1/"},
        **fields,
    }
    spec = parse_monitor(definition)
    await pool.execute(
        "insert into monitor (id, workspace_id, shard, spec, target, active_since)"
        " values ($1, $2, $3, $4, $5, $6)",
        id,
        workspace,
        shard_of(id),
        sealed(spec, id, BOX),
        spec.target.summary(),
        to_datetime(now_ms() if active_since is None else active_since),
    )
    return id


async def events(pool: Pool) -> list[dict[str, Any]]:
    """What the outbox holds, in order, as envelopes."""
    import orjson

    rows = await pool.fetch("select body from outbox order by id")
    return [orjson.loads(row["body"]) for row in rows]
