"""Kind kafka: logging in, and brokers that answer what they must not."""

import asyncio
import struct
from asyncio import StreamReader, StreamWriter
from typing import Any

import pytest
from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest
from tests.prober.kafka_brokers import ANN, TOPICS
from tests.prober.looking import look_by, why
from tests.prober.talking import talking

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.kafka.scram import Scram
from vedette.testing.kafka import running_kafka

MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


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
