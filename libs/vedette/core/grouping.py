"""What the states of its members make of a group. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vedette.core.outcome import Outcome, Reason
from vedette.core.state import State

Needs = Literal["all"] | int

# Who watches nothing, or has not begun to, has no say.
_SILENT = frozenset({State.PENDING, State.PAUSED})


@dataclass(frozen=True, slots=True)
class Member:
    """A member as its group sees it."""

    name: str
    state: State


@dataclass(frozen=True, slots=True)
class Sum:
    """What a group comes to."""

    outcome: Outcome
    reason: Reason | None
    message: str | None
    counts: dict[str, int]


def sum_up(members: Sequence[Member], needs: Needs) -> Sum:
    """The worst of the members (`all`), or whether `needs` of them are up.

    Members that are degraded are up, but make the group degraded where it takes them to be. Those
    of which nothing is known count neither way: what depends on them is not known either.
    """
    counts = Counter(member.state for member in members)
    heard = [member for member in members if member.state not in _SILENT]
    enough = len(heard) if needs == "all" else min(needs, len(heard))
    up, degraded = counts[State.UP], counts[State.DEGRADED]
    shown = {state.value: number for state, number in sorted(counts.items())}
    if not heard:
        return Sum(Outcome.MISSED, Reason.NO_VOTES, "no member says anything", shown)
    if up >= enough:
        return Sum(Outcome.UP, None, None, shown)
    said = f"{up + degraded} of {len(heard)} are up, {enough} are needed"
    if up + degraded >= enough:
        words = f"degraded: {_named(heard, State.DEGRADED)}"
        return Sum(Outcome.DEGRADED, Reason.MEMBERS, words, shown)
    if up + degraded + counts[State.UNKNOWN] >= enough:
        words = f"{said}; nothing is known of {_named(heard, State.UNKNOWN)}"
        return Sum(Outcome.MISSED, Reason.NO_VOTES, words, shown)
    words = f"{said}; down: {_named(heard, State.DOWN)}"
    return Sum(Outcome.DOWN, Reason.MEMBERS, words, shown)


def _named(members: Sequence[Member], state: State) -> str:
    names = [member.name for member in members if member.state is state]
    others = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + others
