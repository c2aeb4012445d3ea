"""How several monitors stand, in one word."""

from collections.abc import Iterable
from enum import StrEnum

from vedette.core.state import State

_SEEN_WELL = frozenset({State.UP, State.DEGRADED})


class Overall(StrEnum):
    """The word. `unknown` where nothing is seen to be up, and nothing to be down."""

    NOTHING = "nothing"
    UP = "up"
    PARTLY = "partly"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"


def overall(states: Iterable[State], *, maintenance: bool = False) -> Overall:
    """The word for monitors in these states; paused ones count for nothing.

    Maintenance of any of them comes before all else: whoever reads it knows why not all is well.
    """
    active = [state for state in states if state is not State.PAUSED]
    well = sum(state in _SEEN_WELL for state in active)
    if not active:
        return Overall.NOTHING
    if maintenance:
        return Overall.MAINTENANCE
    if well == len(active):
        return Overall.UP
    if well:
        return Overall.PARTLY
    return Overall.DOWN if State.DOWN in active else Overall.UNKNOWN
