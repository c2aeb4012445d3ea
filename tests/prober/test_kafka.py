"""Kind kafka: its definition, and what it finds at a stand-in for a broker."""

from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from tests.prober.kafka_brokers import TOPICS
from tests.prober.looking import look_by, target_of, why
from tests.prober.talking import Maker, presenting, talking

from vedette.core.kinds.kafka import KafkaMonitor
from vedette.core.outcome import Outcome, Reason
from vedette.core.redaction import redacted
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, judge
from vedette.prober.guard import Guard
from vedette.testing.kafka import Partition, running_kafka


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"username": "ann"}, "go together"),
        ({"password": "x"}, "go together"),
        ({"mechanism": "PLAIN"}, "needs the username"),
        ({"username": "ann", "password": "x", "mechanism": "GSSAPI"}, "mechanism"),
        ({"topic": "a b"}, "topic"),
        ({"topic": ""}, "topic"),
        ({"round_trip": True}, "needs the topic"),
        ({"host": "a.example:9092"}, "did you mean host a.example, port 9092?"),
    ],
)
def test_refused_definitions(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        target_of("kafka", **{"host": "a.example", **target})
    assert words in str(refusal.value)


def test_the_password_is_hidden() -> None:
    target = target_of("kafka", host="a.example", username="ann", password="secret")
    assert "secret" not in repr(target) + str(redacted(target))


async def test_a_cluster(context: Context) -> None:
    async with running_kafka() as kafka:
        seen = await look_by(context, "kafka", kafka.port)
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "login", "exchange"]
    assert seen.facts == {"ip": "127.0.0.1", "brokers": 1, "cluster_id": "a-cluster"}


async def test_within_tls(context: Context) -> None:
    leaf = Maker().make("here")
    async with running_kafka(tls=presenting(leaf)) as kafka:
        seen = await look_by(context, "kafka", kafka.port, tls={"ca": leaf.pem})
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "tls", "login", "exchange"]


async def test_a_topic_can_be_judged(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        seen = await look_by(context, "kafka", kafka.port, topic="orders")
    assert seen.trouble is None
    assert (seen.facts["partitions"], seen.facts["under_replicated"]) == (3, 1)
    whole = KafkaMonitor.model_validate(
        {
            "name": "x",
            "target": {"host": "a.example"},
            "degraded_assertions": ["json $.under_replicated == 0"],
        }
    )
    expectation = Expectation.of([], degraded_assertions=whole.degraded_assertions)
    assert judge(seen, expectation).outcome is Outcome.DEGRADED


async def test_a_topic_that_is_not_there_is_not_made(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        reason, message = why(await look_by(context, "kafka", kafka.port, topic="other"))
        assert kafka.topics == TOPICS
    assert reason is Reason.STATUS
    assert message.startswith("ask about the topic other: ")
    assert message.endswith("3 UNKNOWN_TOPIC_OR_PARTITION")


async def test_brokers_that_would_make_the_topic_are_not_asked(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.versions[3] = (0, 3)
        plain = await look_by(context, "kafka", kafka.port)
        reason, message = why(await look_by(context, "kafka", kafka.port, topic="other"))
        assert kafka.topics == TOPICS
    assert plain.trouble is None
    assert reason is Reason.INTERNAL_ERROR
    assert "it takes versions 0 to 3 of Metadata, of which the prober can use none" in message


async def test_a_broker_of_tomorrow(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.versions[3] = (9, 12)
        reason, message = why(await look_by(context, "kafka", kafka.port))
    assert reason is Reason.INTERNAL_ERROR
    assert "it takes versions 9 to 12 of Metadata" in message


async def test_partitions_without_a_leader(context: Context) -> None:
    parts = [Partition(), Partition(-1, (2,), ()), Partition(-1, (3,), (3,))]
    async with running_kafka({"orders": parts}) as kafka:
        seen = await look_by(context, "kafka", kafka.port, topic="orders")
    reason, message = why(seen)
    assert reason is Reason.ANSWER
    assert message.endswith("2 of 3 partitions have no leader: 1, 2")
    assert seen.facts["partitions"] == 3


async def test_other_brokers_are_not_connected_to(context: Context) -> None:
    met: list[int] = []

    async def meet(_reader: StreamReader, _writer: StreamWriter) -> None:
        met.append(1)

    async with talking(meet) as elsewhere, running_kafka(TOPICS) as kafka:
        kafka.brokers[2] = ("127.0.0.1", elsewhere)
        seen = await look_by(context, "kafka", kafka.port, topic="orders")
    assert seen.facts["brokers"] == 2
    assert not met


async def test_the_address_is_guarded(context: Context) -> None:
    async with running_kafka() as kafka:
        guarded = replace(context, guard=Guard("loopback"))
        assert why(await look_by(guarded, "kafka", kafka.port))[0] is Reason.FORBIDDEN_TARGET
        assert not kafka.asked
