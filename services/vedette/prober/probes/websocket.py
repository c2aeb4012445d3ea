"""Kind websocket: the upgrade, a dialogue in messages, and the goodbye."""

from vedette.core.kinds.websocket import WebSocketTarget
from vedette.core.outcome import Reason
from vedette.prober.streams.dialogue import PreparedStep
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Visit
from vedette.prober.websocket.dialogue import MessageDialogue
from vedette.prober.websocket.messages import Messages
from vedette.prober.websocket.request import Asking
from vedette.prober.websocket.upgrade import upgrade

_NORMAL = 1000


class WebSocketProbe(StreamProbe):
    """A WebSocket and a dialogue made ready."""

    def __init__(self, target: WebSocketTarget) -> None:
        self._asking = Asking.of(target)
        super().__init__(self._asking.place, target.tls)
        self._target = target
        self._steps = [PreparedStep.of(step) for step in target.steps]

    async def _converse(self, visit: Visit) -> None:
        target = self._target
        if self._asking.uri.secure and not await visit.secure(target.tls):
            return
        upgraded = await upgrade(visit, self._asking, ignore_bad_accept=target.ignore_bad_accept)
        messages = Messages(visit.stream, upgraded.protocol)
        self._check_subprotocol(visit, upgraded.protocol.subprotocol)
        if self._steps:
            await self._talk(visit, messages)
        visit.course.leave()
        await messages.leave()
        if target.close_codes:
            visit.course.enter("close", "closing")
            code = await messages.closed() if upgraded.accepted else _NORMAL
            self._check_code(visit, code, messages.goodbye)

    def _check_subprotocol(self, visit: Visit, picked: str | None) -> None:
        if picked is not None:
            visit.facts["subprotocol"] = picked
        elif self._target.subprotocols and self._target.require_subprotocol:
            offered = ", ".join(self._target.subprotocols)
            words = f"{visit.place.peer} picked no subprotocol; {offered} was offered"
            raise Stopped(Reason.HEADER, words)

    async def _talk(self, visit: Visit, messages: Messages) -> None:
        dialogue = MessageDialogue(messages, visit.course)
        try:
            await dialogue.run(self._steps)
        finally:
            visit.facts |= {f"label_{name}": said for name, said in dialogue.kept.labels.items()}
            if dialogue.last is not None:
                _note(visit, dialogue.last)

    def _check_code(self, visit: Visit, code: int, goodbye: str) -> None:
        visit.facts["close_code"] = int(code)
        wanted = self._target.close_codes
        if code not in wanted:
            listed = " or ".join(map(str, wanted[:5])) + (" or others" if len(wanted) > 5 else "")
            words = f"{visit.place.peer} {goodbye}: code {code:d}, not {listed}"
            raise Stopped(Reason.STATUS, words)


def _note(visit: Visit, message: str | bytes) -> None:
    """The last message is the body."""
    octets = message.encode() if isinstance(message, str) else message
    visit.facts["size"] = len(octets)
    visit.subjects["body"] = octets.decode(errors="replace")
    if visit.answer is not None:
        visit.answer.body = octets


PROBE = WebSocketProbe
