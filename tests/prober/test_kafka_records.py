"""Kind kafka: a record that is written and read again, at whoever leads."""

from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from tests.prober.kafka_brokers import ANN, TOPICS
from tests.prober.looking import look_by, why
from tests.prober.support import closed_port, naming
from tests.prober.talking import Maker, presenting

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver
from vedette.testing.kafka import Partition, running_kafka


async def test_a_record_goes_around(context: Context) -> None:
    async with running_kafka(TOPICS, users=ANN) as kafka:
        login: dict[str, Any] = {"username": "ann", "password": "right-secret"}
        asked: dict[str, Any] = {"topic": "orders", "round_trip": True, **login}
        first = await look_by(context, "kafka", kafka.port, **asked)
        second = await look_by(context, "kafka", kafka.port, **asked)
    assert (first.trouble, second.trouble) == (None, None)
    assert first.facts["leader"] == f"127.0.0.1:{kafka.port}"
    assert list(kafka.records) == [("orders", 0)]
    assert len(kafka.records["orders", 0]) == 2


async def test_a_record_goes_around_within_tls(context: Context) -> None:
    leaf = Maker().make("here")
    async with running_kafka(TOPICS, tls=presenting(leaf)) as kafka:
        asked: dict[str, Any] = {"topic": "orders", "round_trip": True, "tls": {"ca": leaf.pem}}
        seen = await look_by(context, "kafka", kafka.port, **asked)
        kafka.brokers[1] = ("127.0.0.2", kafka.port)
        elsewhere = await look_by(context, "kafka", kafka.port, **asked)
    assert seen.trouble is None
    assert why(elsewhere)[0] is Reason.CONNECT_REFUSED  # nobody listens there, but it was tried


@pytest.mark.parametrize(("produce", "fetch"), [(3, 4), (5, 5), (6, 7), (7, 9)])
async def test_a_record_goes_around_in_each_version(
    context: Context, produce: int, fetch: int
) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.versions |= {0: (0, produce), 1: (0, fetch)}
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
    assert seen.trouble is None


async def test_a_record_that_shows_late(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.slow = 3
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
    assert seen.trouble is None


async def test_a_record_that_never_shows(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.slow = 10**9
        asked: dict[str, Any] = {"topic": "orders", "round_trip": True}
        seen = await look_by(context, "kafka", kafka.port, timeout_s=0.5, **asked)
    reason, message = why(seen)
    assert reason is Reason.TIMEOUT
    assert message.startswith("read record 0 of partition 0 of orders: ")


async def test_another_record_in_its_place(context: Context) -> None:
    class Forgetful(dict[tuple[str, int], list[bytes]]):
        def get(self, key: Any, default: Any = None) -> Any:
            kept = super().get(key, default)
            return [batch[:-30] + bytes(30) for batch in kept]

    async with running_kafka(TOPICS) as kafka:
        kafka.records = Forgetful()
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
    reason, message = why(seen)
    assert reason is Reason.ANSWER
    assert "another record" in message


async def test_the_leader_is_found_by_its_name_and_guarded(context: Context) -> None:
    topics = {"orders": [Partition(2, (2,), (2,))]}
    async with running_kafka(topics) as first, running_kafka(topics) as leader:
        leader.number = 2
        first.brokers[2] = ("leader.example", leader.port)
        asked: dict[str, Any] = {"topic": "orders", "round_trip": True}
        async with naming({"leader.example": ["127.0.0.2"]}) as (_, server):
            known = replace(context, resolver=Resolver([server]))
            guarded = replace(known, guard=Guard("127.0.0.2/32"))
            refused = await look_by(guarded, "kafka", first.port, **asked)
            await known.resolver.close()
        assert not leader.asked
        async with naming({"leader.example": ["127.0.0.1"]}) as (_, server):
            known = replace(context, resolver=Resolver([server]))
            seen = await look_by(known, "kafka", first.port, **asked)
            await known.resolver.close()
    assert why(refused)[0] is Reason.FORBIDDEN_TARGET
    assert seen.trouble is None
    assert seen.facts["leader"] == f"leader.example:{leader.port}"
    assert list(seen.phases) == ["connect", "login", "exchange", "resolve"]
    assert leader.records
    assert not first.records


async def test_a_leader_that_does_not_listen(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.brokers[1] = ("127.0.0.1", closed_port())
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
    assert why(seen)[0] is Reason.CONNECT_REFUSED
    assert f"127.0.0.1:{kafka.brokers[1][1]}" in why(seen)[1]


@pytest.mark.parametrize("place", [("", 9092), ("a b", 9092), ("a.example", 0), ("a", 70_000)])
async def test_a_leader_without_an_address(context: Context, place: tuple[str, int]) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.brokers[1] = place
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
    assert why(seen)[0] is Reason.ANSWER
    assert "names no address of broker 1, or none that is valid" in why(seen)[1]


async def test_one_who_leads_no_longer(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        kafka.number = 7
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
    reason, message = why(seen)
    assert reason is Reason.STATUS
    assert message.endswith("6 NOT_LEADER_FOR_PARTITION")


async def test_records_are_those_of_another_client(context: Context) -> None:
    async with running_kafka(TOPICS) as kafka:
        at = f"127.0.0.1:{kafka.port}"
        async with AIOKafkaProducer(bootstrap_servers=at) as producer:
            await producer.send_and_wait("orders", b"theirs", partition=0)
        seen = await look_by(context, "kafka", kafka.port, topic="orders", round_trip=True)
        reader = AIOKafkaConsumer(bootstrap_servers=at)
        reader.assign([TopicPartition("orders", 0)])
        async with reader:
            reader.seek(TopicPartition("orders", 0), 0)
            values = [(await reader.getone()).value for _ in range(2)]
    assert seen.trouble is None
    assert values[0] == b"theirs"
    assert values[1].startswith(b"vedette ")
