"""A field of monitors for benchmarks: written into the database, for the API takes them singly."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from vedette.core.slots import shard_of, slot_after

_COLUMNS = ("id", "workspace_id", "shard", "spec", "target", "active_since")

_NEW = "from monitor m where not exists (select from monitor_state s where s.monitor_id = m.id)"
_SEEN = "m.active_since - interval '2 s'"
_KNOWN_TO_BE_UP = (
    "insert into span (monitor_id, sequence, workspace_id, state, started_at, decided_at)"
    f" select m.id, 1, m.workspace_id, 'up', {_SEEN}, {_SEEN} {_NEW}",
    f"insert into incident_cursor (monitor_id, sequence) select m.id, 1 {_NEW}"
    " on conflict do nothing",
    "insert into monitor_state (monitor_id, workspace_id, state, since, sequence, verdict, round,"
    f" last_vote) select m.id, m.workspace_id, 'up', {_SEEN}, 1, 'up', {_SEEN}, {_SEEN} {_NEW}",
)


async def sow(dsn: str, urls: Sequence[str], *, interval_s: int, ahead_s: float) -> list[UUID]:
    """A monitor for each URL, like the one that is there, and known to be up.

    No slot before `ahead_s` is due: until then the scheduler has read them, and it checks at once
    what it finds to be active from more than a minute later on.
    """
    db = await asyncpg.connect(dsn)
    try:
        model = await db.fetchrow("select workspace_id, spec from monitor order by id limit 1")
        assert model is not None
        workspace, spec = model["workspace_id"], json.loads(model["spec"])
        begin = int((time.time() + ahead_s) * 1000)
        ids = [uuid4() for _ in urls]
        rows = [
            _row(id, workspace, spec, url, number, interval_s, begin)
            for number, (id, url) in enumerate(zip(ids, urls, strict=True))
        ]
        async with db.transaction():
            await db.copy_records_to_table("monitor", records=rows, columns=_COLUMNS)
            for statement in _KNOWN_TO_BE_UP:
                await db.execute(statement)
        await db.execute("analyze monitor, monitor_state")
    finally:
        await db.close()
    return ids


def sown(dsn: str, urls: Sequence[str], *, interval_s: int, ahead_s: float) -> list[UUID]:
    """The same for who has no event loop."""
    return asyncio.run(sow(dsn, urls, interval_s=interval_s, ahead_s=ahead_s))


def _row(
    id: UUID, workspace: UUID, spec: Any, url: str, number: int, interval_s: int, begin: int
) -> tuple[Any, ...]:
    own = {"name": f"m{number}", "interval_s": interval_s}
    definition = {**spec, **own, "target": {**spec["target"], "url": url}}
    # Just after a slot: else that would be due twice, as any and as the first.
    active_since = (slot_after(id, interval_s * 1000, begin) + 1) / 1000
    return (
        id,
        workspace,
        shard_of(id),
        json.dumps(definition),
        url,
        datetime.fromtimestamp(active_since, UTC),
    )
