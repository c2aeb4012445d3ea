"""The course of one check: its deadline, its phases, and what it is at."""

import time

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble


class Course:
    """Starts when it is made. Times are milliseconds, unless a name says otherwise."""

    def __init__(self, peer: str, timeout_s: float) -> None:
        self.peer = peer
        self.timeout_s = timeout_s
        self.phases: dict[str, float] = {}
        self._began = self._entered = time.perf_counter()
        self._phase: str | None = None
        self._late = Reason.TIMEOUT
        self.doing = ""
        """In a few words, for messages."""

    @property
    def duration_ms(self) -> float:
        """How long it has gone on."""
        return (time.perf_counter() - self._began) * 1000

    def remaining_s(self) -> float:
        """What is left of the time."""
        return self._began + self.timeout_s - time.perf_counter()

    def enter(self, phase: str, doing: str, late: Reason = Reason.TIMEOUT) -> None:
        """Begin a phase, or return to it; say what is done in it and what lateness means."""
        self.leave()
        self._phase = phase
        self.phases.setdefault(phase, 0.0)
        self.now(doing, late)

    def now(self, doing: str, late: Reason = Reason.TIMEOUT) -> None:
        """Say anew what is done."""
        self.doing, self._late = doing, late

    def converse(self, doing: str) -> None:
        """Wait for what the target says: for the first byte, until there has been one."""
        self.enter("transfer" if "transfer" in self.phases else "first_byte", doing)

    def arrived(self) -> None:
        """Note that the target has said something."""
        if self._phase == "first_byte":
            self.enter("transfer", self.doing, self._late)

    def leave(self) -> None:
        """End the phase."""
        now = time.perf_counter()
        if self._phase is not None:
            self.phases[self._phase] += (now - self._entered) * 1000
        self._phase, self._entered = None, now

    def late(self) -> Trouble:
        """What it means that the time is up now."""
        words = f"{self.doing}: {self.peer} took longer than {self.timeout_s:g} s"
        return Trouble(self._late, words)
