"""The clock that all processes share: the database's. Their own may be wrong, or be put right.

It is looked at every few seconds, and carried on by the monotonic clock, which nobody sets.
"""

import time

_TELLING_S = 1.0
"""An answer that took longer says too little of the time."""


class Clock:
    """The time, as far as the database has told it."""

    def __init__(self) -> None:
        self._ahead_s: float | None = None

    def set(self, now_s: float, *, asked: float) -> None:
        """Take what the database said (Unix s) when it was asked at `asked` (monotonic)."""
        answered = time.monotonic()
        if self._ahead_s is None or answered - asked <= _TELLING_S:
            self._ahead_s = now_s - (asked + answered) / 2

    def now_ms(self) -> int:
        """Unix ms; by our own clock before the first look."""
        if self._ahead_s is None:
            return time.time_ns() // 1_000_000
        return int((time.monotonic() + self._ahead_s) * 1000)


clock = Clock()
"""This process's."""


def now_ms() -> int:
    """Unix ms, by this process's clock."""
    return clock.now_ms()
