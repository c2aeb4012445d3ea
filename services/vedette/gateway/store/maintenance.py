"""Maintenance: definitions, and the windows that the incidents service wrote down."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from vedette.store.pool import Connection

_SELECT = (
    "select id, spec, version, created_at, updated_at from maintenance"
    " where workspace_id = $1 and deleted_at is null"
)


async def one(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A maintenance."""
    return await db.fetchrow(f"{_SELECT} and id = $2", workspace, id)


async def lock(db: Connection, workspace: UUID, id: UUID) -> Record | None:
    """A maintenance, for a change of it in this transaction."""
    return await db.fetchrow(f"{_SELECT} and id = $2 for no key update", workspace, id)


async def not_over(db: Connection, workspace: UUID) -> list[Record]:
    """Those of a workspace that may go on now, or will: not those of which no window is to come."""
    return await db.fetch(f"{_SELECT} and next_turn_at is not null order by id", workspace)


async def page(db: Connection, workspace: UUID, *, after: UUID | None, limit: int) -> list[Record]:
    """Maintenance in the order of its creation."""
    return await db.fetch(
        f"{_SELECT} and id > $2 order by id limit $3", workspace, after or UUID(int=0), limit
    )


async def insert(db: Connection, workspace: UUID, id: UUID, spec: dict[str, Any]) -> None:
    """Add one; the incidents service follows it from now on."""
    await db.execute(
        "insert into maintenance (workspace_id, id, spec) values ($1, $2, $3)", workspace, id, spec
    )


async def update(db: Connection, workspace: UUID, id: UUID, spec: dict[str, Any]) -> None:
    """Change a definition. What it was before counts up to now."""
    await db.execute(
        "update maintenance set spec = $3, version = version + 1, updated_at = now(),"
        " followed_until = greatest(followed_until, date_trunc('milliseconds', now())),"
        " next_turn_at = '-infinity' where workspace_id = $1 and id = $2",
        workspace,
        id,
        spec,
    )


async def delete(db: Connection, workspace: UUID, id: UUID) -> None:
    """End it; its windows of before stay."""
    await db.execute(
        "update maintenance set deleted_at = now(), version = version + 1, updated_at = now(),"
        " next_turn_at = '-infinity' where workspace_id = $1 and id = $2",
        workspace,
        id,
    )


async def windows_since(db: Connection, workspace: UUID, since: datetime) -> list[Record]:
    """The windows of a workspace that reach beyond an instant, and whose they are."""
    return await db.fetch(
        "select started_at, ended_at, everything, monitors, tags from maintenance_window"
        " where workspace_id = $1 and (ended_at is null or ended_at > $2) order by started_at",
        workspace,
        since,
    )


def stretches(
    windows: Iterable[Record], monitor: UUID, tags: Sequence[str]
) -> list[tuple[datetime, datetime | None]]:
    """Those of `windows_since` that were a monitor's, from their start to their end."""
    return [
        (row["started_at"], row["ended_at"])
        for row in windows
        if row["everything"] or monitor in row["monitors"] or not set(tags).isdisjoint(row["tags"])
    ]
