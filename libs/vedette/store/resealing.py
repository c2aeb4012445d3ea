"""Sealing what definitions written by versions before hold in clear."""

from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError

from vedette.core.errors import Permanent
from vedette.core.kinds import parse_monitor
from vedette.store.pool import Connection, Pool, transaction
from vedette.store.sealing import covered, opened, sealed
from vedette.store.secretbox import SecretBox

_BATCH = 500
log = structlog.get_logger()


async def seal_definitions(pool: Pool, box: SecretBox) -> int:
    """Seal every definition, of deleted monitors too; returns how many were in clear.

    Harmless to repeat. What can't be read is left as it is, and logged.
    """
    count, after = 0, UUID(int=0)
    while True:
        async with transaction(pool) as db:
            rows = await db.fetch(
                "select id, spec from monitor where id > $1 order by id limit $2 for no key update",
                after,
                _BATCH,
            )
            for row in rows:
                count += await _seal(db, row, box)
        if not rows:
            return count
        after = rows[-1]["id"]


async def _seal(db: Connection, row: Any, box: SecretBox) -> bool:
    monitor, stored = row["id"], row["spec"]
    try:
        spec = sealed(parse_monitor(opened(stored, monitor, box)), monitor, box)
    except Permanent as error:
        log.error("secrets of a monitor can't be read", monitor=str(monitor), error=str(error))  # noqa: TRY400
        return False
    except ValidationError:
        log.warning("a stored definition is not valid any more", monitor=str(monitor))
        return False
    # Sealing gives another text each time; what differs besides was in clear.
    if covered(spec) == covered(stored):
        return False
    await db.execute("update monitor set spec = $2 where id = $1", monitor, spec)
    return True
