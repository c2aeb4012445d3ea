"""A dialogue in messages."""

from collections.abc import Sequence

from vedette.core.dialogue import MessageStep
from vedette.core.outcome import Reason
from vedette.prober.streams.course import Course
from vedette.prober.streams.dialogue import Kept, PreparedStep, shown
from vedette.prober.streams.stopped import Stopped
from vedette.prober.websocket.messages import Messages

Prepared = PreparedStep[MessageStep]


class MessageDialogue:
    """One dialogue under way; `kept` is what it is to keep, `last` the message that came last."""

    def __init__(self, messages: Messages, course: Course) -> None:
        self._messages = messages
        self._course = course
        self.kept = Kept()
        self.last: str | bytes | None = None

    async def run(self, steps: Sequence[Prepared]) -> None:
        """Go through the steps. Raises Stopped at the first that does not go as expected."""
        for number, prepared in enumerate(steps, start=1):
            self._course.enter("messages", f"step {number}")
            if prepared.pattern is not None or prepared.expected is not None:
                await self._expect(prepared)
            said = prepared.said
            if said is not None:
                await self._messages.say(self.kept.filled(said) if isinstance(said, str) else said)

    async def _expect(self, prepared: Prepared) -> None:
        step = prepared.step
        wanted = (
            f"a message with {step.expect!r}" if step.expect else shown(prepared.expected or b"")
        )
        doing = f"{self._course.doing}, expecting {wanted}"
        self._course.now(doing)
        while (message := await self._messages.next()) is not None:
            self.last = message
            if self._fits(message, prepared):
                return
            if not step.skip_others:
                raise self._unexpected(f"{doing}: it sent {shown(message)}")
            self._course.now(f"{doing}, after others, the last {shown(message)}")
        raise self._unexpected(f"{doing}: it {self._messages.goodbye}")

    def _fits(self, message: str | bytes, prepared: Prepared) -> bool:
        if prepared.pattern is None:
            octets = message.encode() if isinstance(message, str) else message
            return octets == prepared.expected
        text = message if isinstance(message, str) else message.decode(errors="replace")
        match = prepared.pattern.search(text)
        if match is not None:
            self.kept.keep(match, prepared.step)
        return match is not None

    def _unexpected(self, message: str) -> Stopped:
        return Stopped(Reason.BODY, f"{self._course.peer}, {message}")
