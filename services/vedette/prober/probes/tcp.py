"""Kind tcp: connect, go over to TLS if asked for, and go through a dialogue."""

from vedette.core.kinds.tcp import TcpTarget
from vedette.core.tls import HandshakeOptions
from vedette.prober.streams.dialogue import Dialogue, PreparedStep
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.visit import Place, Visit


class TcpProbe(StreamProbe):
    """A port and a dialogue made ready."""

    def __init__(self, target: TcpTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target
        self._options = target.tls or HandshakeOptions()
        self._steps = [PreparedStep.of(step) for step in target.steps]
        upgraded_by_step = any(step.starttls for step in target.steps)
        self._secure_first = target.starttls is not None or (
            target.tls is not None and not upgraded_by_step
        )

    async def _converse(self, visit: Visit) -> None:
        visit.subjects["body"] = ""
        if self._target.starttls is not None:
            await visit.negotiate(self._target.starttls)
        if self._secure_first and not await visit.secure(self._options):
            return
        if self._steps:
            await self._talk(visit)

    async def _talk(self, visit: Visit) -> None:
        dialogue = Dialogue(
            visit.stream,
            visit.course,
            self._target.line_ending,
            upgrade=lambda: visit.secure(self._options),
        )
        try:
            await dialogue.run(self._steps)
        finally:
            received = visit.stream.received
            visit.facts["size"] = len(received)
            visit.facts |= {f"label_{name}": text for name, text in dialogue.kept.labels.items()}
            visit.subjects["body"] = received.decode(errors="replace")


PROBE = TcpProbe
