"""Checks, counted: how they ended, and how long they took."""

from typing import Any, Protocol

from vedette.core.histogram import Histogram
from vedette.core.outcome import Outcome

_OUTCOMES = tuple(outcome.value for outcome in Outcome)


class Rollup(Protocol):
    """Its columns by their names: a record of the database, or a mapping."""

    def __getitem__(self, name: str, /) -> Any:
        """A column."""
        ...


class Tally:
    """What rollups sum up to. Mutable: rollups are added to it.

    How long a check took counts if it found the target up or degraded: a failure is no answer.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(_OUTCOMES, 0)
        """How many checks ended in which way, by the outcome's value."""
        self._total_ms = 0.0
        self._histogram = Histogram()

    def add(self, rollup: Rollup) -> None:
        """Add a rollup, as `vedette.store.rollups` has it."""
        for outcome in _OUTCOMES:
            self.counts[outcome] += rollup[outcome]
        self._total_ms += rollup["total_ms"]
        self._histogram.add(rollup["buckets"], rollup["counts"])

    @property
    def average_ms(self) -> float | None:
        """How long the target took to answer, on average. None without any answer."""
        answers = self._histogram.total
        return self._total_ms / answers if answers else None

    def percentiles_ms(self, *percents: int) -> list[float | None]:
        """What so many of a hundred answers took at most, within `core.histogram.ERROR`.

        The least of `percents` comes first.
        """
        return self._histogram.percentiles(*(percent / 100 for percent in percents))
