"""What a run came to, to be compared with what was expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vedette.core.monitor import ProbedSpec
from vedette.core.outcome import Outcome
from vedette.core.result import Result


@dataclass(frozen=True)
class Problem:
    """Why a definition was refused: where, and what is wrong there."""

    location: tuple[int | str, ...]
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.location))}: {self.message}"


@dataclass
class Observation:
    """Results of checks, or a refusal, or values that something else came to."""

    spec: ProbedSpec | None = None
    results: list[Result] = field(default_factory=list)
    problems: list[Problem] | None = None
    """Why the definition was refused; None if it was not."""
    output: str = ""
    """What a person is shown."""
    server: Any = None
    wire_length: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """By the name of what is expected: what was seen in another way than by results."""

    @property
    def refused(self) -> bool:
        """Whether the definition was."""
        return self.problems is not None

    @property
    def result(self) -> Result | None:
        """The last one."""
        return self.results[-1] if self.results else None

    @property
    def success(self) -> bool:
        """Whether all went well."""
        good = {Outcome.UP, Outcome.DEGRADED}
        return bool(self.results) and all(result.outcome in good for result in self.results)

    def fact(self, name: str) -> Any:
        """A fact of the last result."""
        return None if self.result is None else self.result.facts.get(name)
