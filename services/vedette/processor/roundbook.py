"""What one transaction comes to know of rounds of several regions, until it is written."""

from uuid import UUID

from vedette.core.events import Cause
from vedette.processor import roundstore
from vedette.processor.domain import closes_at
from vedette.processor.rounds import vote_of
from vedette.processor.roundstore import End, Postscript
from vedette.processor.rows import Watched
from vedette.store.pool import Connection


class RoundBook:
    """Rounds left open, rounds that ended, votes that came too late. `now` is Unix ms."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._open: dict[tuple[UUID, int], int] = {}
        self._ends: list[End] = []
        self._late: list[tuple[UUID, int, str]] = []
        self._postscripts: list[Postscript] = []

    def leave_open(self, who: Watched, slot: int) -> None:
        """More votes are needed."""
        self._open[who.monitor.id, slot] = closes_at(slot, who.policy, now=self._now)

    def end(self, who: Watched, slot: int, *, judged: bool) -> None:
        """No more votes are needed; once it is judged, nor are those of earlier rounds."""
        self._ends.append(End(who.monitor.id, slot, judged))

    def came_late(self, who: Watched, region: str, slot: int, check: Cause) -> None:
        """A check ended when its round, or a later one, had been judged."""
        if check.outcome is not None and check.outcome.is_vote:
            self._late.append((who.monitor.id, slot, region))
        # Of the state there is, or of an earlier one; which, the database knows.
        decided = who.cause.get("slot") == check.slot or slot < who.standing.since
        if decided and len(who.regions) > 1:
            vote = vote_of(region, check, late=True)
            self._postscripts.append(Postscript(who.monitor.id, slot, vote))

    async def save(self, db: Connection) -> None:
        """Write everything."""
        if self._open:
            rounds = [(monitor, slot, at) for (monitor, slot), at in self._open.items()]
            await roundstore.keep_open(db, rounds)
        if self._ends:
            await roundstore.end(db, self._ends)
        if self._late:
            await roundstore.mark_late(db, self._late)
        if self._postscripts:
            await roundstore.annotate(db, self._postscripts)
