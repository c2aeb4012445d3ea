"""A dialogue with a target, step by step."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vedette.core.dialogue import Binary, Pattern, Step, Turn, compiled, filled, groups_of
from vedette.core.outcome import Reason
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.stream import LIMIT, Stream

_MOST_SHOWN = 100
_Turn = TypeVar("_Turn", bound=Turn)


@dataclass(frozen=True, slots=True)
class PreparedStep(Generic[_Turn]):
    """A step made ready: its pattern compiled, its bytes decoded."""

    step: _Turn
    pattern: Pattern | None
    expected: bytes | None
    said: str | bytes | None

    @classmethod
    def of(cls, step: _Turn) -> "PreparedStep[_Turn]":
        """Make a step ready."""
        expected = step.expect_bytes
        said = step.send
        return cls(
            step,
            compiled(step.expect) if step.expect is not None else None,
            expected.octets() if isinstance(expected, Binary) else _encoded(expected),
            said.octets() if isinstance(said, Binary) else said,
        )


class Kept:
    """What the groups of patterns took, and the labels made of it."""

    def __init__(self) -> None:
        self._groups: dict[str, str] = {}
        self.labels: dict[str, str] = {}

    def keep(self, match: Any, step: Turn) -> None:
        """Note what a step's pattern has found."""
        # Numbers stand for the groups of the latest pattern alone.
        named = {name: text for name, text in self._groups.items() if not name.isdecimal()}
        self._groups = named | groups_of(match)
        for label, template in step.labels.items():
            self.labels[label] = filled(template, self._groups)

    def filled(self, text: str) -> str:
        """A text with what was found filled in."""
        return filled(text, self._groups)


class Dialogue:
    """One dialogue under way; `kept` is what it is to keep."""

    def __init__(
        self,
        stream: Stream,
        course: Course,
        line_ending: str,
        upgrade: Callable[[], Awaitable[bool]],
    ) -> None:
        self._stream = stream
        self._course = course
        self._line_ending = line_ending
        self._upgrade = upgrade
        self.kept = Kept()

    async def run(self, steps: Sequence[PreparedStep[Step]]) -> None:
        """Go through the steps. Raises Stopped at the first that does not go as expected."""
        for number, prepared in enumerate(steps, start=1):
            self._course.converse(f"step {number}")
            await self._take_in(prepared)
            await self._say(prepared.said)
            if prepared.step.starttls and not await self._upgrade():
                return

    async def _take_in(self, prepared: PreparedStep[Step]) -> None:
        if prepared.pattern is not None:
            await self._expect_line(prepared.pattern, prepared.step)
        elif prepared.expected:
            await self._expect_bytes(prepared.expected)
        elif prepared.step.read is not None:
            await self._read(to_the_end=prepared.step.read == "end")

    async def _expect_line(self, pattern: Pattern, step: Step) -> None:
        """Skip lines until one matches."""
        doing = f"{self._course.doing}, expecting a line with {step.expect!r}"
        self._course.now(doing)
        skipped = 0
        last = ""
        try:
            while (line := await self._stream.line()) is not None:
                last = line.decode(errors="replace")
                match = pattern.search(last)
                if match is not None:
                    self.kept.keep(match, step)
                    return
                skipped += 1
        finally:
            if skipped:
                self._course.now(f"{doing}, after {skipped} others, the last {shown(last)}")
        saw = f"{skipped} others, the last {shown(last)}" if skipped else "nothing"
        raise self._unexpected(f"{doing}: it closed the connection after {saw}")

    async def _expect_bytes(self, expected: bytes) -> None:
        doing = f"{self._course.doing}, expecting {shown(expected)}"
        self._course.now(doing)
        came = await self._stream.exactly(len(expected))
        if came != expected:
            short = ", then it closed the connection" if len(came) < len(expected) else ""
            raise self._unexpected(f"{doing}: it sent {shown(came)}{short}")

    async def _read(self, *, to_the_end: bool) -> None:
        self._course.now(f"{self._course.doing}, reading")
        stream = self._stream
        if not stream.unread and not await stream.more() and not to_the_end:
            raise self._unexpected(f"{self._course.doing}: it closed the connection")
        while to_the_end and len(stream.received) < LIMIT and await stream.more():
            pass
        stream.skip()

    async def _say(self, said: str | bytes | None) -> None:
        if said is None:
            return
        if isinstance(said, str):
            said = (self.kept.filled(said) + self._line_ending).encode()
        await self._stream.send(said)

    def _unexpected(self, message: str) -> Stopped:
        return Stopped(Reason.BODY, f"{self._course.peer}, {message}")


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def shown(said: str | bytes) -> str:
    """What was said, as messages tell it."""
    text = said.decode(errors="backslashreplace") if isinstance(said, bytes) else said
    return repr(text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…")
