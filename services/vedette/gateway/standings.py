"""How all monitors of a workspace stand: in numbers, and page by page, the worst first.

Only those are read that may be anything but up, and what a page shows: most are up, all the time.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from vedette.core.state import State
from vedette.gateway.domain.overview import Standing, Watched, truthful, worst_first
from vedette.gateway.store import monitors, overview
from vedette.store.pool import Connection

A_PAGE = 100
Seen = tuple[Watched, Record]
"""A monitor, and its row of `store.monitors`."""


@dataclass(frozen=True, slots=True)
class Standings:
    """So many in each state, and those that are neither up nor paused, the worst first."""

    counts: Counter[State]
    ailing: list[Seen]

    @property
    def pages(self) -> int:
        """How many pages they fill; one at least."""
        return max(-(-self.counts.total() // A_PAGE), 1)


async def read_standings(db: Connection, workspace: UUID, now: datetime) -> Standings:
    """How all stand, as of now. In one snapshot, if `db` is in a transaction that has one."""
    total, paused = await overview.counts(db, workspace)
    odd = _seen(await overview.odd(db, workspace, now), now)
    ailing = [(one, row) for one, row in odd if one.standing.state is not State.UP]
    counts = Counter(one.standing.state for one, _ in ailing)
    counts[State.UP] = total - paused - len(ailing)
    counts[State.PAUSED] = paused
    return Standings(counts, ailing)


async def read_page(
    db: Connection, workspace: UUID, standings: Standings, number: int, now: datetime
) -> list[Seen]:
    """A page, counted from 1: after those that ail, those that are up, then those paused."""
    first = (number - 1) * A_PAGE
    found = standings.ailing[first : first + A_PAGE]
    before = len(standings.ailing)
    for state in (State.UP, State.PAUSED):
        count = standings.counts[state]
        begin, end = max(first - before, 0), min(first + A_PAGE - before, count)
        if begin < end:
            rows = await overview.by_name(
                db,
                workspace,
                paused=state is State.PAUSED,
                without=[one.id for one, _ in standings.ailing],
                skip=begin,
                limit=end - begin,
            )
            found += _seen(rows, now)
        before += count
    return found


def _seen(rows: Iterable[Record], now: datetime) -> list[Seen]:
    by_id = {row["id"]: row for row in rows}
    watched = (
        Watched(id, row["spec"]["name"], truthful(_recorded(row), monitors.sight(row), now))
        for id, row in by_id.items()
    )
    return [(one, by_id[one.id]) for one in worst_first(watched)]


def _recorded(row: Record) -> Standing:
    return Standing(State(row["state"]), row["since"])
