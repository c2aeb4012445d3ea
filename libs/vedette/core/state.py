"""The state of a monitor."""

from enum import StrEnum


class State(StrEnum):
    """What is said of a monitor now. `unknown` is said when nothing was seen, never guessed."""

    PENDING = "pending"
    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    PAUSED = "paused"
