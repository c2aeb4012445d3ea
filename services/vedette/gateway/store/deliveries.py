"""Deliveries, which the notifier writes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from vedette.gateway.store.history import LAST
from vedette.store.pool import Connection

_SELECT = (
    "select id, case when region is null then incident_id end as incident_id, region, channel_id,"
    " members, digest_id, kind, recipient, transition, number, status, attempts,"
    " next_attempt_at, error, provider_id, created_at, sent_at from delivery"
    " where workspace_id = $1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which deliveries."""

    incident: UUID | None
    channel: UUID | None
    status: str | None
    digest: UUID | None = None


async def one(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A delivery."""
    return await db.fetchrow(f"{_SELECT} and id = $2", workspace, id)


async def of_incident(
    db: Connection, workspace: UUID, incident: UUID, *, limit: int
) -> list[Record]:
    """The newest deliveries of an incident, in the order in which they were written."""
    newest = await db.fetch(
        f"{_SELECT} and incident_id = $2 order by created_at desc, id desc limit $3",
        workspace,
        incident,
        limit,
    )
    return newest[::-1]


async def page(
    db: Connection,
    workspace: UUID,
    wanted: Filter,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Record]:
    """Deliveries, newest first. Their ids tell nothing of their age."""
    return await db.fetch(
        f"{_SELECT} and (created_at, id) < ($2, $3)"
        " and ($4::uuid is null or incident_id = $4)"
        " and ($5::uuid is null or channel_id = $5)"
        " and ($6::text is null or status = $6)"
        " and ($8::uuid is null or digest_id = $8)"
        " order by created_at desc, id desc limit $7",
        workspace,
        *(before or (LAST, UUID(int=0))),
        wanted.incident,
        wanted.channel,
        wanted.status,
        limit,
        wanted.digest,
    )
