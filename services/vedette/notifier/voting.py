"""What several regions said, in words."""

from collections.abc import Iterator, Sequence

from vedette.core.events import Cause, Vote
from vedette.core.outcome import Outcome
from vedette.notifier.words import milliseconds, one_line

_SEEN = (Outcome.DOWN, Outcome.DEGRADED, Outcome.UP)
_ROOM_FOR_NAMES = 40


def regions_in_words(votes: Sequence[Vote]) -> str:
    """`down from 2 of 3 regions: fra, nyc; up from sgp`."""
    parts = []
    for outcome in _SEEN:
        names = _names(vote for vote in votes if vote.outcome is outcome)
        if outcome is Outcome.DOWN and names:
            count = _counted(votes, outcome)
            parts.append(f"down from {count} of {len(votes)} regions: {names}")
        elif names:
            parts.append(f"{outcome.value} from {names}")
    ended = [vote for vote in votes if vote.outcome is not None]
    if blind := _names(vote for vote in ended if vote.outcome not in _SEEN):
        parts.append(f"nothing seen from {blind}")
    if silent := _names(vote for vote in votes if vote.outcome is None):
        parts.append(f"not heard from yet: {silent}")
    return "; ".join(parts)


def regions_in_short(cause: Cause) -> str:
    """`, from 2 of 3 regions: fra, nyc`, or without the names where they are long."""
    count = _counted(cause.votes, cause.outcome)
    if not count:
        return ""
    short = f", from {count} of {len(cause.votes)} regions"
    names = _names(vote for vote in cause.votes if vote.outcome is cause.outcome)
    return f"{short}: {names}" if len(names) <= _ROOM_FOR_NAMES else short


def others(cause: Cause) -> Iterator[tuple[str, str]]:
    """What regions said besides the one that stands for them, a row each."""
    for vote in cause.votes:
        if vote.region != cause.region and vote.outcome is not None and vote.reason is not None:
            took = "" if vote.duration_ms is None else f" ({milliseconds(vote.duration_ms)})"
            said = vote.message or vote.reason.words
            yield f"From {vote.region}", one_line(said, limit=300) + took


def _counted(votes: Sequence[Vote], outcome: Outcome | None) -> int:
    return sum(vote.outcome is outcome and not (vote.late or vote.unhealthy) for vote in votes)


def _names(votes: Iterator[Vote]) -> str:
    return ", ".join(f"{vote.region}{_remark(vote)}" for vote in votes)


def _remark(vote: Vote) -> str:
    if vote.unhealthy:
        return " (not counted: the region is not well itself)"
    return " (later)" if vote.late else ""
