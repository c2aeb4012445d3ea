"""Kind kafka: log in, and ask about the cluster and a topic."""

from vedette.core.kinds.kafka import KafkaTarget
from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.kafka.cluster import check_leaders, cluster_of
from vedette.prober.kafka.link import Link
from vedette.prober.kafka.login import log_in
from vedette.prober.streams.course import Course
from vedette.prober.streams.trust import check_own
from vedette.prober.streams.visit import Place, Visit


class KafkaProbe:
    """A broker and what it is asked, made ready."""

    def __init__(self, target: KafkaTarget) -> None:
        self._target = target
        self._place = Place.of(target)
        if target.tls is not None:
            check_own(target.tls)

    @property
    def host(self) -> str:
        """The target's host."""
        return self._place.name

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Log in and ask."""
        visit = Visit(context, self._place, Course(self._place.peer, timeout_s))
        return await visit.go(self._converse)

    async def _converse(self, visit: Visit) -> None:
        visit.answer = Answer()  # what the protocol's bytes tell stands in the message
        target, course = self._target, visit.course
        if target.tls is not None and not await visit.secure(target.tls):
            return
        link = Link(visit.stream, course)
        course.enter("login", f"log in as {target.username}" if target.username else "log in")
        await log_in(link, target)
        about = "the cluster" if target.topic is None else f"the topic {target.topic}"
        course.enter("exchange", f"ask about {about}")
        told = visit.subjects["json"] = await cluster_of(link, target.topic)
        visit.facts |= {name: value for name, value in told.items() if name != "leaderless"}
        check_leaders(link, told)


PROBE = KafkaProbe
