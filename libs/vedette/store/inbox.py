"""The inbox: which events a consumer has already dealt with."""

from uuid import UUID

from vedette.store.pool import Connection


async def first_time(db: Connection, consumer: str, event: UUID) -> bool:
    """Whether `consumer` meets this event for the first time; remembered if so.

    Call it in the transaction that has the event's effect, so that both commit together.
    """
    status = await db.execute(
        "insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing",
        consumer,
        event,
    )
    return status == "INSERT 0 1"


async def forget_old(db: Connection, *, days: int = 7) -> None:
    """Drop what was seen more than `days` ago: no message lives that long."""
    await db.execute("delete from inbox where seen_at < now() - make_interval(days => $1)", days)
