"""Everything at a glance, said so that it is true: worst first, and one headline."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vedette.core.state import State
from vedette.gateway.domain.uptime import JUDGED, Sight

_WORST_FIRST = (
    State.DOWN,
    State.UNKNOWN,
    State.DEGRADED,
    State.PENDING,
    State.UP,
    State.PAUSED,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be said of a monitor now."""

    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """A monitor as the headline and the order of the list see it."""

    id: UUID
    name: str
    standing: Standing


def truthful(recorded: Standing, sight: Sight, now: datetime) -> Standing:
    """The standing, or `unknown` where the last vote is too old to claim it still."""
    if recorded.state in JUDGED:
        lost_at = sight.lost_at(now)
        if lost_at is not None:
            return Standing(State.UNKNOWN, max(lost_at, recorded.since))
    patience = sight.patience
    if recorded.state is State.PENDING and patience and now - recorded.since > patience:
        return Standing(State.UNKNOWN, recorded.since)
    return recorded


def worst_first(watched: Iterable[Watched]) -> list[Watched]:
    """By how much it needs a person's eye, then by name."""
    return sorted(
        watched,
        key=lambda one: (_WORST_FIRST.index(one.standing.state), one.name.casefold(), one.id),
    )


@dataclass(frozen=True, slots=True)
class Headline:
    """The one sentence, and the state it is about."""

    text: str
    state: State


def headline(counts: Counter[State]) -> Headline:
    """The sentence for so many monitors in each state; paused ones are nobody's worry."""
    active = counts.total() - counts[State.PAUSED]
    if not counts.total():
        return Headline("Nothing is watched yet", State.PENDING)
    if not active:
        return Headline(f"{_all(counts.total())} paused", State.PAUSED)
    troubles = _troubles(counts, active)
    if troubles:
        worst = next(state for state in _WORST_FIRST if counts[state])
        return Headline(", ".join(troubles), worst)
    if counts[State.PENDING]:
        waiting = _count(counts[State.PENDING], "monitor waits", "monitors wait")
        return Headline(f"{waiting} for a first check", State.PENDING)
    if counts[State.DEGRADED]:
        return Headline(_degraded(counts[State.DEGRADED], active), State.DEGRADED)
    return Headline(f"{_all(active)} up", State.UP)


def _troubles(counts: Counter[State], active: int) -> list[str]:
    down, unseen = counts[State.DOWN], counts[State.UNKNOWN]
    found = []
    if down:
        found.append(f"{down} of {active} {'is' if down == 1 else 'are'} down")
    if unseen:
        found.append(f"{_count(unseen, 'has', 'have')} not been seen for a while")
    return found


def _degraded(degraded: int, active: int) -> str:
    if active == 1:
        return "Your monitor is up, but degraded"
    return f"All {active} monitors are up, {degraded} of them degraded"


def _all(count: int) -> str:
    return "Your monitor is" if count == 1 else f"All {count} monitors are"


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def length_in_words(span: timedelta) -> str:
    """A length of time, as coarse as a person says it: `5 min`, `3 h 20 min`, `12 days`."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    if days < 3 and hours:
        return f"{days} d {hours} h"
    return _count(days, "day", "days")


def percent(ratio: float | None) -> str:
    """A ratio that is never rounded up: 100 % means all of it."""
    if ratio is None:
        return "–"
    if ratio == 1:
        return "100 %"
    return f"{int(ratio * 10_000) / 100:.2f} %"
