"""Kind kafka: log in, ask about the cluster and a topic, and send a record around."""

from vedette.core.hosts import host_name
from vedette.core.kinds.kafka import KafkaTarget
from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.kafka.cluster import Cluster, check_leaders, cluster_of
from vedette.prober.kafka.link import Link
from vedette.prober.kafka.login import log_in
from vedette.prober.kafka.records import round_trip
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.visit import Place, Visit

_PORTS = range(1, 65_536)


class KafkaProbe(StreamProbe):
    """A broker and what it is asked, made ready."""

    def __init__(self, target: KafkaTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        visit.answer = Answer()  # what the protocol's bytes tell stands in the message
        target = self._target
        link = await self._begin(visit)
        if link is None:
            return
        about = "the cluster" if target.topic is None else f"the topic {target.topic}"
        visit.course.enter("exchange", f"ask about {about}")
        cluster = await cluster_of(link, target.topic)
        told = visit.subjects["json"] = cluster.told
        visit.facts |= {name: value for name, value in told.items() if name != "leaderless"}
        check_leaders(link, cluster)
        if target.round_trip and target.topic is not None:
            await self._send_around(visit, link, cluster, target.topic)

    async def _begin(self, visit: Visit) -> Link | None:
        """Log in where the visit is; None if TLS ended there, as it should."""
        target = self._target
        if target.tls is not None and not await visit.secure(target.tls):
            return None
        visit.course.enter("login", f"log in as {target.username}" if target.username else "log in")
        link = Link(visit.stream, visit.course)
        await log_in(link, target)
        return link

    async def _send_around(self, visit: Visit, link: Link, cluster: Cluster, topic: str) -> None:
        """Go to the leader of the first partition, as clients do, and send it a record."""
        partition = min(cluster.leaders, default=None)
        if partition is None:
            raise link.stopped(Reason.ANSWER, "the topic has no partitions")
        number = cluster.leaders[partition]
        host, port = cluster.places.get(number, ("", 0))
        visit.course.now(f"find the leader of partition {partition}")
        try:
            host = host_name(host)
        except ValueError:
            host = ""
        if not host or port not in _PORTS:
            words = f"it names no address of broker {number}, or none that is valid"
            raise link.stopped(Reason.ANSWER, words)
        await visit.move(host, port)
        visit.facts["leader"] = visit.place.peer
        there = await self._begin(visit)
        if there is not None:
            visit.course.enter("exchange", "send a record around")
            await round_trip(there, visit.course, topic, partition)


PROBE = KafkaProbe
