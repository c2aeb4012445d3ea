"""Kind mqtt: log in, ping, and wait for a message or send one around."""

from vedette.core.dialogue import compiled
from vedette.core.kinds.mqtt import MqttTarget
from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.mqtt.asking import Asking
from vedette.prober.mqtt.link import Link
from vedette.prober.mqtt.packets import Message
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Place, Visit

_MOST_SHOWN = 100


class MqttProbe(StreamProbe):
    """A broker and what it is asked, made ready."""

    def __init__(self, target: MqttTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target
        self._pattern = compiled(target.expect) if target.expect is not None else None

    async def _converse(self, visit: Visit) -> None:
        visit.answer = Answer()  # what the protocol's bytes tell stands in the message
        target = self._target
        if target.tls is not None and not await visit.secure(target.tls):
            return
        link = Link(visit.stream, visit.course, target.version)
        asking = Asking(link, visit.course, target)
        await asking.log_in()
        try:
            await self._ask(visit, asking)
        except Stopped:
            await asking.log_out()
            raise
        await asking.log_out()

    async def _ask(self, visit: Visit, asking: Asking) -> None:
        await asking.ping()
        if self._target.round_trip:
            await asking.round_trip()
        elif self._target.topic is not None:
            self._judge(visit, await asking.listen())

    def _judge(self, visit: Visit, message: Message) -> None:
        """Raises Stopped for a message that does not fit."""
        visit.answer = Answer(body=message.payload)
        visit.facts |= {"topic": message.topic, "size": len(message.payload)}
        visit.facts["retained"] = message.retained
        text = visit.answer.text()
        if self._pattern is not None and self._pattern.search(text) is None:
            shown = text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
            words = f"expected one with {self._target.expect!r}, got {shown!r}"
            raise Stopped(Reason.BODY, f"message on {message.topic}: {words}")


PROBE = MqttProbe
