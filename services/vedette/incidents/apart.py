"""Work on many things, each apart: what one of them holds is no other's trouble."""

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import structlog

from vedette.core.errors import Transient
from vedette.store.pool import Connection, Pool, transaction

log = structlog.get_logger()


async def each_apart(
    pool: Pool, ids: Iterable[UUID], work: Callable[[Connection, UUID], Awaitable[None]]
) -> None:
    """Do the work for each id, in a transaction of its own; what fails is logged and left.

    Raises Transient.
    """
    for id in ids:
        try:
            async with transaction(pool) as db:
                await work(db, id)
        except Transient:
            raise
        except Exception:
            log.exception("could not be followed", work=work.__name__.strip("_"), id=str(id))
