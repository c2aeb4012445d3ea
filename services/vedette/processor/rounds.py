"""Rounds: what the regions that were asked said of one slot, and what is told of it. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vedette.core.events import Cause, Vote
from vedette.core.outcome import VOTES, Outcome
from vedette.processor.domain import tally


@dataclass(frozen=True, slots=True)
class Round:
    """The checks of one slot that have ended, by region; each as the cause it might become.

    Votes of regions that are `unhealthy` have no say.
    """

    slot: int
    asked: tuple[str, ...]
    ended: Mapping[str, Cause]
    unhealthy: Collection[str] = ()

    @property
    def of_several(self) -> bool:
        """Whether more than one region was asked."""
        return len(self.asked) > 1

    def outcome(self, *, closed: bool = False) -> Outcome | None:
        """What it comes to, or None while it has come to nothing; see `tally`."""
        if not self.of_several:  # as nearly all are: there is nothing to count
            only = self._only()
            return only.outcome if only is not None and only.outcome in VOTES else None
        outcomes = {region: cause.outcome for region, cause in self.ended.items() if cause.outcome}
        return tally(outcomes, self.asked, unhealthy=self.unhealthy, closed=closed)

    @property
    def over(self) -> bool:
        """Whether nobody is left whose vote could change anything."""
        return all(region in self.ended or region in self.unhealthy for region in self.asked)

    def cause(self, outcome: Outcome | None) -> Cause | None:
        """The check that stands for the round that came to `outcome`, with all votes beside it.

        It is one that agrees, with the reason that most of those have. None if there is none.
        """
        if not self.of_several:
            return self._only()
        heard = [self.ended[region] for region in self.asked if region in self.ended]
        agreeing = [
            cause
            for cause in heard
            if outcome in {None, cause.outcome} and cause.region not in self.unhealthy
        ]
        if not agreeing:
            return None
        reasons = Counter(cause.reason for cause in agreeing)
        chosen = max(agreeing, key=lambda cause: reasons[cause.reason])
        return chosen.model_copy(update={"votes": self.votes()})

    def _only(self) -> Cause | None:
        (region,) = self.asked
        return None if region in self.unhealthy else self.ended.get(region)

    def votes(self) -> list[Vote]:
        """What each region said, in the monitor's order."""
        return [
            vote_of(region, self.ended.get(region), unhealthy=region in self.unhealthy)
            for region in self.asked
        ]


def vote_of(
    region: str, cause: Cause | None, *, late: bool = False, unhealthy: bool = False
) -> Vote:
    """What a region said, if it said anything."""
    if cause is None:
        return Vote(region=region, unhealthy=unhealthy)
    return Vote(
        region=region,
        outcome=cause.outcome,
        reason=cause.reason,
        message=cause.message,
        duration_ms=cause.duration_ms,
        late=late,
        unhealthy=unhealthy,
    )
