"""How much work one check's assertions may be: targets and definitions may both be hostile."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

STEPS = 100_000
"""JSON nodes visited, or the like: some tenths of a second at most."""


class Unreadable(Exception):
    """A subject can't be looked at, or not be compared; the message says why."""


class Budget:
    """The steps that are left."""

    __slots__ = ("left",)

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps. Raises Unreadable when none are left."""
        self.left -= steps
        if self.exhausted:
            raise Unreadable("more than can be looked through")

    @property
    def exhausted(self) -> bool:
        """Whether more was to be done than may be."""
        return self.left < 0


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def within(budget: Budget) -> Iterator[None]:
    """Let `spend` take from this budget."""
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def spend(steps: int = 1) -> None:
    """Take steps from the budget at hand, if there is one. Raises Unreadable."""
    budget = _current.get()
    if budget is not None:
        budget.spend(steps)
