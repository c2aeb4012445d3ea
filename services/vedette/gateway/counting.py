"""Counting a monitor's checks over any stretch of time, without reading each of them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from vedette.gateway.domain.pieces import Piece, Step, pieces
from vedette.gateway.domain.tally import Tally
from vedette.gateway.store import rollups
from vedette.store.pool import Connection


async def tallies(
    db: Connection, workspace: UUID, monitor: UUID, begins: Mapping[str, datetime], until: datetime
) -> dict[str, Tally]:
    """What was counted from each of some instants on, by their names."""
    through = await rollups.through(db)
    read: dict[Piece, list[Record]] = {}
    found = {}
    for name, since in begins.items():
        found[name] = Tally()
        for piece in pieces(since, until, through):
            if piece not in read:
                read[piece] = await rollups.of_piece(db, workspace, monitor, piece, None)
            for row in read[piece]:
                found[name].add(row)
    return found


async def counted(
    db: Connection,
    workspace: UUID,
    monitor: UUID,
    *,
    since: datetime,
    until: datetime,
    step: Step,
    region: str | None,
) -> list[Record]:
    """The rollups from an instant to another, each of one step or of a part of it."""
    through = await rollups.through(db)
    return [
        row
        for piece in pieces(since, until, through, coarsest=step)
        for row in await rollups.of_piece(db, workspace, monitor, piece, region)
    ]
