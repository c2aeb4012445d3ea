"""Events that were published on a bus that keeps nothing, for those who want to hear them again.

Where RabbitMQ is the bus, its stream has them.
"""

from collections.abc import Sequence
from datetime import datetime

from vedette.store.pool import Connection


async def keep(db: Connection, bodies: Sequence[bytes]) -> None:
    """Keep events, in this order, in the transaction that takes them from the outbox."""
    await db.execute(
        "insert into published_event (body) select body from unnest($1::bytea[])"
        " with ordinality as e (body, n) order by n",
        bodies,
    )


async def last(db: Connection) -> int:
    """The number of the newest event; 0 if there is none."""
    number: int = await db.fetchval("select coalesce(max(id), 0) from published_event")
    return number


async def last_before(db: Connection, at: datetime) -> int:
    """The number of the last event that was published before an instant; 0 if none is kept."""
    number: int = await db.fetchval(
        "select coalesce(max(id), 0) from published_event where published_at < $1", at
    )
    return number


async def after(db: Connection, number: int, limit: int) -> list[tuple[int, bytes]]:
    """Events behind the one of this number, in order, with their numbers."""
    rows = await db.fetch(
        "select id, body from published_event where id > $1 order by id limit $2", number, limit
    )
    return [(row["id"], row["body"]) for row in rows]


async def forget_old(db: Connection, *, before: datetime) -> None:
    """Delete what was published before an instant."""
    await db.execute("delete from published_event where published_at < $1", before)
