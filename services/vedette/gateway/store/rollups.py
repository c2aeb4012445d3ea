"""Sums of checks, which the processor keeps, and those of checks that are not summed up yet."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from vedette.core.instants import EPOCH
from vedette.gateway.domain.pieces import Piece, Through
from vedette.store.pool import Connection
from vedette.store.rollups import COLUMNS, TABLES, summed

_OURS = "exists (select from monitor m where m.id = $2 and m.workspace_id = $1)"


async def through(db: Connection) -> Through:
    """How far the processor has got."""
    rows = await db.fetch("select grain, through from rollup_progress")
    found: dict[str, datetime] = {row["grain"]: row["through"] for row in rows}
    return Through(found.get("hour", EPOCH), found.get("day", EPOCH))


async def of_piece(
    db: Connection, workspace: UUID, monitor: UUID, piece: Piece, region: str | None
) -> list[Record]:
    """The rollups of a monitor in a piece of time, of one region or of all."""
    match piece.source:
        case "check":
            checks = "select c.* from check_result c where c.monitor_id = $2"
            rows = summed(f"{checks} and c.slot >= $3 and c.slot < $4 and {_OURS}")
        case grain:
            rows = (
                f"select {COLUMNS} from {TABLES[grain]} where monitor_id = $2"  # noqa: S608
                f" and at >= $3 and at < $4 and {_OURS}"
            )
    return await db.fetch(
        f"select * from ({rows}) r where $5::text is null or region = $5",  # noqa: S608
        workspace,
        monitor,
        piece.since,
        piece.until,
        region,
    )
