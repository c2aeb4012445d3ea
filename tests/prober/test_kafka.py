"""Kind kafka: its definition, and what it finds at a stand-in for a broker."""

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest
from pydantic import ValidationError
from tests.prober.looking import look_by, target_of, why
from tests.prober.support import closed_port, naming
from tests.prober.talking import Maker, presenting, talking

from vedette.core.kinds.kafka import KafkaMonitor
from vedette.core.outcome import Outcome, Reason
from vedette.core.redaction import redacted
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, judge
from vedette.prober.guard import Guard
from vedette.prober.kafka.scram import Scram
from vedette.prober.names import Resolver
from vedette.testing.kafka import Partition, running_kafka

ANN = {"ann": "right-secret", "a=b,c": "right-secret"}
TOPICS = {"orders": [Partition(), Partition(2, (1, 2), (2,)), Partition(1, (1, 2), (1, 2))]}
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


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


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("username", ANN)
async def test_logins(context: Context, mechanism: str, username: str) -> None:
    login: dict[str, Any] = {
        "username": username,
        "password": ANN[username],
        "mechanism": mechanism,
    }
    async with running_kafka(users=ANN) as kafka:
        seen = await look_by(context, "kafka", kafka.port, **login)
    assert seen.trouble is None


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("username", ["ann", "nobody"])
async def test_refused_logins(context: Context, mechanism: str, username: str) -> None:
    login: dict[str, Any] = {
        "username": username,
        "password": "wrong-secret",
        "mechanism": mechanism,
    }
    async with running_kafka(users=ANN) as kafka:
        reason, message = why(await look_by(context, "kafka", kafka.port, **login))
    assert reason is Reason.STATUS
    assert message == (
        f"log in as {username}: 127.0.0.1:{kafka.port}: 58 SASL_AUTHENTICATION_FAILED:"
        " Authentication failed: Invalid username or password"
    )


async def test_a_mechanism_that_is_not_offered(context: Context) -> None:
    login: dict[str, Any] = {"username": "ann", "password": "right-secret"}
    async with running_kafka(users=ANN) as kafka:
        kafka.mechanisms = ("GSSAPI", "SCRAM-SHA-512")
        reason, message = why(await look_by(context, "kafka", kafka.port, **login))
    assert reason is Reason.STATUS
    assert "it offers GSSAPI, SCRAM-SHA-512, not PLAIN" in message
    assert "secret" not in message


async def test_a_login_where_none_is_wanted(context: Context) -> None:
    login: dict[str, Any] = {"username": "ann", "password": "right-secret"}
    async with running_kafka() as kafka:
        reason, message = why(await look_by(context, "kafka", kafka.port, **login))
    assert reason is Reason.STATUS
    assert "34 ILLEGAL_SASL_STATE" in message


async def test_no_login_where_one_is_wanted(context: Context) -> None:
    async with running_kafka(users=ANN) as kafka:
        reason, message = why(await look_by(context, "kafka", kafka.port))
    assert reason is Reason.PROTOCOL_ERROR
    assert "closed the connection instead of an answer to Metadata" in message


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


def answering(*bodies: bytes) -> Any:
    """A broker that answers to each request with these bytes, behind their length."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for body in bodies:
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            await reader.readexactly(length)
            writer.write(struct.pack(">i", len(body)) + body)
        await reader.read()

    return talk


ALL_VERSIONS = struct.pack(">ihi", 1, 0, 3) + b"".join(
    struct.pack(">hhh", key, 0, last) for key, last in ((3, 5), (17, 1), (36, 1))
)
AGREED = struct.pack(">ihi", 2, 0, 0)


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        ([struct.pack(">i", 7)], "it answered to request 7, not to ApiVersion"),
        ([struct.pack(">ih", 1, 0)], "its answer to ApiVersion can't be read"),
        ([struct.pack(">ihi", 1, 0, 2**31 - 1)], "can't be read"),
        ([struct.pack(">ihihhh", 1, 0, 1, 3, 0, 5)], "it takes no SaslHandShake"),
        ([struct.pack(">ihi", 1, 0, 0)], "it takes no SaslHandShake"),
        ([ALL_VERSIONS, AGREED[:5]], "its answer to SaslHandShake can't be read"),
    ],
)
async def test_answers_that_are_none(context: Context, bodies: list[bytes], words: str) -> None:
    login: dict[str, Any] = {"username": "ann", "password": "right-secret"}
    async with talking(answering(*bodies)) as port:
        reason, message = why(await look_by(context, "kafka", port, **login))
    assert reason is Reason.PROTOCOL_ERROR
    assert words in message


async def test_a_broker_that_tells_nothing(context: Context) -> None:
    nothing = struct.pack(">iiihii", 2, 0, -1, -1, -1, -1)
    async with talking(answering(ALL_VERSIONS, nothing)) as port:
        seen = await look_by(context, "kafka", port, topic="orders")
    assert why(seen)[0] is Reason.PROTOCOL_ERROR
    assert "does not tell of the topic" in why(seen)[1]


def said(number: int, message: bytes) -> bytes:
    """An answer to SaslAuthenticate."""
    head = struct.pack(">ihhi", number, 0, -1, len(message))
    return head + message + struct.pack(">q", 0)


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (b"r=other,s=c2FsdA==,i=4096", "does not begin with ours"),
        (b"nonsense", "it is incomplete"),
        (b"e=unknown-user", "is not valid"),
        (b"\xff", "is not valid"),
    ],
)
async def test_challenges_that_are_none(context: Context, challenge: bytes, words: str) -> None:
    login: dict[str, Any] = {
        "username": "ann",
        "password": "right-secret",
        "mechanism": "SCRAM-SHA-256",
    }
    async with talking(answering(ALL_VERSIONS, AGREED, said(3, challenge))) as port:
        reason, message = why(await look_by(context, "kafka", port, **login))
    assert reason is Reason.PROTOCOL_ERROR
    assert words in message


def test_scram_as_in_its_standard() -> None:
    """The example of RFC 7677, section 3."""
    scram = Scram("SCRAM-SHA-256", "user", "pencil", nonce="rOprNGfwEbeRWgbNEkqO")
    assert scram.first() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    proof = scram.proof(f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode())
    assert proof == f"c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".encode()
    scram.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(ValueError, match="does not prove"):
        scram.verify(b"v=AAAA")
    with pytest.raises(ValueError, match="other-error"):
        scram.verify(b"e=other-error")


def test_rounds_of_hashing_are_bounded() -> None:
    scram = Scram("SCRAM-SHA-256", "user", "pencil", nonce="abc")
    with pytest.raises(ValueError, match="1000000000 rounds"):
        scram.proof(b"r=abcdef,s=c2FsdA==,i=1000000000")


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_the_stand_in_is_one_to_another_client(mechanism: str) -> None:
    async with running_kafka(TOPICS, users=ANN) as kafka:
        connection = await create_conn(
            "127.0.0.1",
            kafka.port,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism=mechanism,
            sasl_plain_username="ann",
            sasl_plain_password="right-secret",
        )
        answer = await connection.send(MetadataRequest(["orders"]))
        closed = connection.close()
        await asyncio.wait_for(closed, 5)
    assert [topic[1] for topic in answer.topics] == ["orders"]


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
