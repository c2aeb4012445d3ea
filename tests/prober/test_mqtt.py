"""Kind mqtt: its definition, and brokers that no Mosquitto would be."""

import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
from pydantic import ValidationError
from tests.prober.looking import look_by, target_of, why
from tests.prober.talking import talking

from vedette.core.job import Definition
from vedette.core.kinds import parse_monitor
from vedette.core.outcome import Reason
from vedette.core.redaction import redacted
from vedette.prober.context import Context
from vedette.prober.mqtt import packets

WELCOME = b"\x20\x02\x00\x00"
WELCOME_5 = b"\x20\x03\x00\x00\x00"
PONG = b"\xd0\x00"
GRANTED = b"\x90\x03\x00\x01\x00"
OTHERS = packets.publish("3.1.1", 0, "a", b"x" * 1000, 0)


def broker(*said: bytes) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    """Says one thing after each that it hears."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for each in said:
            await reader.read(65536)
            writer.write(each)
        await reader.read()

    return talk


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"version": "4"}, "version"),
        ({"password": "x"}, "no password without a username"),
        ({"round_trip": True}, "need the topic"),
        ({"expect": "x"}, "need the topic"),
        ({"topic": "a/+", "round_trip": True}, "can't have"),
        ({"topic": "a", "round_trip": True, "expect": "x"}, "not both"),
        ({"topic": "a/#/b"}, "# stands for all levels"),
        ({"topic": "a/b#"}, "# stands for all levels"),
        ({"topic": "a/b+"}, r"\+ stands for one level"),
        ({"topic": ""}, "topic"),
        ({"topic": "a\0"}, "none of them zero"),
        ({"topic": "a", "expect": "("}, "the regex '\\('"),
        ({"qos": 2}, "qos"),
        ({"keepalive_s": 70_000}, "keepalive_s"),
        ({"client_id": ""}, "client_id"),
    ],
)
def test_refused_definitions(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        target_of("mqtt", host="a.example", **target)


@pytest.mark.parametrize(
    ("target", "port"), [({}, 1883), ({"tls": {}}, 8883), ({"tls": {}, "port": 1883}, 1883)]
)
def test_the_port_follows_from_tls_also_in_jobs(target: dict[str, Any], port: int) -> None:
    definition = {"name": "x", "kind": "mqtt", "target": {"host": "a.example", **target}}
    job = Definition.model_validate(parse_monitor(definition).probed(compact=True))
    assert target_of("mqtt", **job.target).port == port


def test_the_password_is_hidden() -> None:
    target = target_of("mqtt", host="a.example", username="ann", password="secret")
    assert "secret" not in repr(target) + str(redacted(target))


@pytest.mark.parametrize(
    ("version", "said", "words"),
    [
        ("3.1.1", b"\x20\x02\x00\x02", "2 Client identifier not valid"),
        ("3.1.1", b"\x20\x02\x00\x03", "3 Server unavailable"),
        ("3.1.1", b"\x20\x02\x00\x4d", "77"),
        ("5", b"\x20\x02\x00\x01", "1 Unsupported protocol version"),
        ("5", b"\x20\x03\x00\x88\x00", "136 Server unavailable"),
        ("5", b"\x20\x09\x00\x97\x06\x1f\x00\x03too", "151 Quota exceeded: too"),
        ("5", b"\x20\x0c\x00\x9c\x09\x1c\x00\x06b.else", "156 Use another server: b.else"),
        ("5", b"\x20\x03\x00\xfe\x00", "254"),
    ],
)
async def test_refusals_in_the_brokers_words(
    context: Context, version: str, said: bytes, words: str
) -> None:
    async with talking(broker(said)) as port:
        reason, message = why(await look_by(context, "mqtt", port, version=version))
    assert reason is Reason.STATUS
    assert message == f"log in: 127.0.0.1:{port}: {words}"


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        (b"\xe0\x02\x8b\x00", Reason.STATUS, "it says goodbye: 139 Server shutting down"),
        (
            b"\x40\x02\x00\x01",
            Reason.PROTOCOL_ERROR,
            "sent PUBACK instead of an answer to the ping",
        ),
        (b"\xd1\x00", Reason.PROTOCOL_ERROR, "instead of an answer to the ping"),
        (b"\xd0\x80\x80\x80\x80\x01", Reason.PROTOCOL_ERROR, "no valid length"),
        (b"\xd0\x80\x80\x08", Reason.PROTOCOL_ERROR, "a packet of 131072 bytes"),
        (b"\x30\x80\x80\x80\x01", Reason.BODY, "a message of 2097152 bytes"),
    ],
)
async def test_other_packets(context: Context, said: bytes, reason: Reason, words: str) -> None:
    async with talking(broker(WELCOME_5, said)) as port:
        seen = await look_by(context, "mqtt", port, version="5")
    assert why(seen)[0] is reason
    assert words in why(seen)[1]


async def test_a_refused_subscription(context: Context) -> None:
    async with talking(broker(WELCOME, PONG, b"\x90\x03\x00\x01\x80")) as port:
        reason, message = why(await look_by(context, "mqtt", port, topic="a"))
    assert reason is Reason.STATUS
    assert message.startswith("subscribe to a: ")
    assert "128" in message


async def test_a_message_before_the_subscription_is_granted(context: Context) -> None:
    early = packets.publish("3.1.1", 0, "a", b"early", 0)
    async with talking(broker(WELCOME, PONG, early + GRANTED)) as port:
        seen = await look_by(context, "mqtt", port, topic="a")
    assert seen.trouble is None
    assert seen.answer is not None
    assert seen.answer.text() == "early"


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x00\x09a", b"\x00\x01a", b"\x00\x01\xff\x00"])
async def test_malformed_messages(context: Context, body: bytes) -> None:
    said = b"\x32" + bytes([len(body)]) + body
    async with talking(broker(WELCOME_5, PONG, GRANTED[:1] + b"\x04\x00\x01\x00\x00" + said)) as p:
        seen = await look_by(context, "mqtt", p, topic="a", version="5")
    assert why(seen)[0] is Reason.PROTOCOL_ERROR
    assert "sent a PUBLISH that can't be read" in why(seen)[1]


async def test_a_flood_of_others_messages_ends_in_time(context: Context) -> None:
    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        await broker_until_granted(reader, writer)
        while True:
            writer.write(OTHERS * 50)
            await writer.drain()

    async def broker_until_granted(reader: StreamReader, writer: StreamWriter) -> None:
        for each in (WELCOME, PONG, GRANTED):
            await reader.read(65536)
            writer.write(each)

    before = psutil.Process().memory_info().rss
    async with talking(flood) as port:
        began = time.perf_counter()
        seen = await look_by(context, "mqtt", port, topic="a", round_trip=True, timeout_s=1)
    assert why(seen)[0] is Reason.TIMEOUT
    assert "wait for the message that was published to a" in why(seen)[1]
    assert time.perf_counter() - began < 5
    assert psutil.Process().memory_info().rss - before < 64 << 20
