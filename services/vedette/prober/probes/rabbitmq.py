"""Kind rabbitmq: log in, open a channel, and look at a queue or send a message around."""

from vedette.core.kinds.rabbitmq import RabbitmqTarget
from vedette.prober.answer import Answer
from vedette.prober.rabbitmq.asking import Asking
from vedette.prober.rabbitmq.link import Link
from vedette.prober.rabbitmq.login import log_in, log_out
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Place, Visit


class RabbitmqProbe(StreamProbe):
    """A broker and what it is asked, made ready."""

    def __init__(self, target: RabbitmqTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        visit.answer = Answer()  # what the protocol's bytes tell stands in the message
        target = self._target
        if target.tls is not None and not await visit.secure(target.tls):
            return
        link = Link(visit.stream, visit.course)
        visit.course.enter("login", f"log in as {target.username} to {target.vhost}")
        told = visit.subjects["json"] = await log_in(link, target)
        visit.facts |= told
        try:
            await self._ask(visit, link)
        except Stopped:
            await log_out(link, visit.course)
            raise
        await log_out(link, visit.course)

    async def _ask(self, visit: Visit, link: Link) -> None:
        asking = Asking(link, visit.course)
        await asking.begin()
        if self._target.queue is not None:
            found = await asking.look_at(self._target.queue)
            visit.facts |= found
            visit.subjects["json"] |= found
        if self._target.round_trip:
            await asking.round_trip()


PROBE = RabbitmqProbe
