"""What a broker tells of its cluster and a topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.protocol.metadata import MetadataRequest

from vedette.core.outcome import Reason
from vedette.prober.kafka.answers import told_by
from vedette.prober.kafka.link import Link

_WITHOUT_MAKING = 4
"""From this version on, to ask about a topic need not make it."""
_NOBODY = -1
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Cluster:
    """The brokers by their numbers, the leader of each partition, and what people are told."""

    told: dict[str, Any]
    places: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    leaders: Mapping[int, int] = field(default_factory=dict)


async def cluster_of(link: Link, topic: str | None) -> Cluster:
    """How many brokers there are, and how the topic stands. Raises Stopped if it is not there."""
    asked = MetadataRequest([] if topic is None else [topic], allow_auto_topic_creation=False)
    answer = told_by(await link.ask(asked, at_least=0 if topic is None else _WITHOUT_MAKING))
    brokers = answer["brokers"]
    told: dict[str, Any] = {"brokers": len(brokers)}
    if answer.get("cluster_id"):
        told["cluster_id"] = answer["cluster_id"]
    if topic is None:
        return Cluster(told)
    found = next((each for each in answer["topics"] if each["topic"] == topic), None)
    if found is None:
        raise link.stopped(Reason.PROTOCOL_ERROR, "its answer does not tell of the topic")
    link.check(found["error_code"])
    partitions = found["partitions"]
    return Cluster(
        told | _standing(partitions),
        {each["node_id"]: (each["host"] or "", each["port"]) for each in brokers},
        {each["partition"]: each["leader"] for each in partitions},
    )


def check_leaders(link: Link, cluster: Cluster) -> None:
    """Raises Stopped if a partition has nobody who takes and gives records."""
    lost: Sequence[int] = cluster.told.get("leaderless", [])
    if lost:
        shown = ", ".join(map(str, lost[:_MOST_SHOWN]))
        more = f" and {len(lost) - _MOST_SHOWN} more" if len(lost) > _MOST_SHOWN else ""
        count = f"{len(lost)} of {len(cluster.leaders)} partitions"
        raise link.stopped(Reason.ANSWER, f"{count} have no leader: {shown}{more}")


def _standing(partitions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    lost = sorted(each["partition"] for each in partitions if each["leader"] == _NOBODY)
    behind = [each for each in partitions if len(each["isr"]) < len(each["replicas"])]
    return {
        "partitions": len(partitions),
        "under_replicated": len(behind),
        "leaderless": lost,
    }
