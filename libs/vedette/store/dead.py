"""Parked messages: kept until a person has them put back, drops them, or retention ends.

Putting back is asked for in the row and done by a processor, which has the bus. The row goes when
the bus has the message: whoever is killed in between, it is there or there again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from vedette.store.pool import Connection

CHANNEL = "vedette_dead"
CLAIM_S = 60
"""How long who puts a message back has for it before another may try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A parked message."""

    id: UUID
    queue: str
    routing_key: str
    reason: str
    detail: str | None
    attempts: int
    message_id: str | None
    traceparent: str | None
    reply_to: str | None
    headers: dict[str, str]
    body: bytes
    parked_at: datetime
    replay_at: datetime | None = None
    """Since when, or until when tried by whom, it is to be put back."""
    trouble: str | None = None
    """Why it could not be put back."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many were parked, of one queue and for one reason, and how old the oldest is."""

    queue: str
    reason: str
    count: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages: those of these ids, else all, of one queue or one reason if named."""

    ids: Sequence[UUID] | None = None
    queue: str | None = None
    reason: str | None = None

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the condition of a query asks about."""
        return (None if self.ids is None else list(self.ids), self.queue, self.reason)


async def keep(db: Connection, dead: Dead) -> bool:
    """Keep a message; says whether it is new."""
    status = await db.execute(
        "insert into dead_message (id, parked_at, queue, routing_key, reason, detail, attempts,"
        " message_id, traceparent, reply_to, headers, body) values ($1, $2, $3, $4, $5, $6, $7,"
        " $8, $9, $10, $11, $12) on conflict do nothing",
        dead.id,
        dead.parked_at,
        dead.queue,
        dead.routing_key,
        dead.reason,
        dead.detail,
        dead.attempts,
        dead.message_id,
        dead.traceparent,
        dead.reply_to,
        dead.headers,
        dead.body,
    )
    return status == "INSERT 0 1"


async def find(db: Connection, selection: Selection, limit: int) -> list[Dead]:
    """Messages, the oldest first."""
    rows = await db.fetch(
        "select * from dead_message where ($1::uuid[] is null or id = any($1))"
        " and ($2::text is null or queue = $2) and ($3::text is null or reason = $3)"
        " order by parked_at, id limit $4",
        *selection.arguments,
        limit,
    )
    return [Dead(**row) for row in rows]


async def beginning_with(db: Connection, start: str) -> list[UUID]:
    """Up to two ids that begin with these hexadecimal digits."""
    digits = start.replace("-", "")
    rows = await db.fetch(
        "select id from dead_message where id between $1 and $2 limit 2",
        UUID(digits.ljust(32, "0")),
        UUID(digits.ljust(32, "f")),
    )
    return [row["id"] for row in rows]


async def ask_for_replay(db: Connection, ids: Sequence[UUID]) -> None:
    """Have messages put back where they came from."""
    await db.execute(
        "update dead_message set replay_at = now(), trouble = null where id = any($1::uuid[])", ids
    )
    await db.execute(f"notify {CHANNEL}")


async def claim(db: Connection, limit: int) -> list[Dead]:
    """Some messages to be put back, which nobody else gets for CLAIM_S; the oldest first."""
    rows = await db.fetch(
        "update dead_message set replay_at = now() + make_interval(secs => $1) where id in ("
        " select id from dead_message where replay_at <= now() order by replay_at limit $2"
        " for update skip locked) returning *",
        CLAIM_S,
        limit,
    )
    return sorted((Dead(**row) for row in rows), key=lambda dead: (dead.parked_at, dead.id))


async def refuse(db: Connection, id: UUID, trouble: str) -> None:
    """Say why a message can't be put back, and stop trying."""
    await db.execute(
        "update dead_message set replay_at = null, trouble = $2 where id = $1", id, trouble
    )


async def drop(db: Connection, ids: Sequence[UUID]) -> int:
    """Delete messages; says how many were there."""
    status: str = await db.execute("delete from dead_message where id = any($1::uuid[])", ids)
    return int(status.rpartition(" ")[2])


async def forget_old(db: Connection, *, before: datetime) -> None:
    """Delete what was parked before an instant."""
    await db.execute("delete from dead_message where parked_at < $1", before)


async def counts(db: Connection) -> list[Count]:
    """By queue and reason."""
    rows = await db.fetch(
        "select queue, reason, count(*) as count,"
        " extract(epoch from now() - min(parked_at))::float8 as oldest_s"
        " from dead_message group by queue, reason order by queue, reason"
    )
    return [Count(**row) for row in rows]
