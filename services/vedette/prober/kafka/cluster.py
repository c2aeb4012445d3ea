"""What a broker tells of its cluster and a topic."""

from collections.abc import Sequence
from typing import Any

from aiokafka.protocol.metadata import MetadataRequest

from vedette.core.outcome import Reason
from vedette.prober.kafka.link import Link

_WITHOUT_MAKING = 4
"""From this version on, to ask about a topic need not make it."""
_NOBODY = -1
_MOST_SHOWN = 10


async def cluster_of(link: Link, topic: str | None) -> dict[str, Any]:
    """How many brokers there are, and how the topic stands. Raises Stopped if it is not there."""
    asked = MetadataRequest([] if topic is None else [topic], allow_auto_topic_creation=False)
    answer = (await link.ask(asked, at_least=0 if topic is None else _WITHOUT_MAKING)).to_object()
    told: dict[str, Any] = {"brokers": len(answer["brokers"] or [])}
    if answer.get("cluster_id"):
        told["cluster_id"] = answer["cluster_id"]
    if topic is None:
        return told
    found = next((each for each in answer["topics"] or [] if each["topic"] == topic), None)
    if found is None:
        raise link.stopped(Reason.PROTOCOL_ERROR, "its answer does not tell of the topic")
    link.check(found["error_code"])
    return told | _standing(found["partitions"] or [])


def check_leaders(link: Link, told: dict[str, Any]) -> None:
    """Raises Stopped if a partition has nobody who takes and gives records."""
    lost: Sequence[int] = told.get("leaderless", [])
    if lost:
        shown = ", ".join(map(str, lost[:_MOST_SHOWN]))
        more = f" and {len(lost) - _MOST_SHOWN} more" if len(lost) > _MOST_SHOWN else ""
        words = f"{len(lost)} of {told['partitions']} partitions have no leader: {shown}{more}"
        raise link.stopped(Reason.ANSWER, words)


def _standing(partitions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    lost = sorted(each["partition"] for each in partitions if each["leader"] == _NOBODY)
    behind = [each for each in partitions if len(each["isr"] or []) < len(each["replicas"] or [])]
    return {
        "partitions": len(partitions),
        "under_replicated": len(behind),
        "leaderless": lost,
    }
