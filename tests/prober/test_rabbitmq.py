"""Kind rabbitmq: its definition, and brokers that no RabbitMQ would be."""

from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pamqp import body, commands, frame, header, heartbeat
from pydantic import ValidationError
from tests.prober.looking import look_by, target_of, why
from tests.prober.talking import talking

from vedette.core.job import Definition
from vedette.core.kinds import parse_monitor
from vedette.core.outcome import Reason
from vedette.core.redaction import redacted
from vedette.prober.context import Context

GREETING = commands.Connection.Start(server_properties={}, mechanisms="PLAIN", locales="en_US")
LOGIN: list[Any] = [GREETING, commands.Connection.Tune(10, 0, 60), commands.Connection.OpenOk()]
CHANNEL = commands.Channel.OpenOk()
QUEUE: list[Any] = [commands.Confirm.SelectOk(), commands.Queue.DeclareOk("own", 0, 0)]


def broker(*said: Any) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    """Says one thing (or a list of them) after each that it hears."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for each in said:
            await reader.read(65536)
            for one in each if isinstance(each, list) else [each]:
                writer.write(frame.marshal(one, 1))
        await reader.read()

    return talk


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({}, "host"),
        ({"host": "a.example", "queue": ""}, "queue"),
        ({"host": "a.example", "queue": "ä" * 128}, "255 bytes"),
        ({"host": "a.example", "username": ""}, "username"),
        ({"host": "a.example", "vhost": "x" * 128}, "vhost"),
        ({"host": "a.example", "port": 0}, "port"),
        ({"host": "amqp://a.example"}, "no URL"),
        ({"host": "a.example", "tls": {"ca": "x"}}, "certificate"),
    ],
)
def test_refused_definitions(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        target_of("rabbitmq", **target)


@pytest.mark.parametrize(
    ("target", "port"), [({}, 5672), ({"tls": {}}, 5671), ({"tls": {}, "port": 5672}, 5672)]
)
def test_the_port_follows_from_tls_also_in_jobs(target: dict[str, Any], port: int) -> None:
    definition = {"name": "x", "kind": "rabbitmq", "target": {"host": "a.example", **target}}
    job = Definition.model_validate(parse_monitor(definition).probed(compact=True))
    assert target_of("rabbitmq", **job.target).port == port


def test_the_password_is_hidden() -> None:
    target = target_of("rabbitmq", host="a.example", password="secret")
    assert "secret" not in repr(target) + str(redacted(target))


async def test_another_version_of_amqp(context: Context) -> None:
    async with talking(b"AMQP\x00\x01\x00\x00") as port:
        reason, message = why(await look_by(context, "rabbitmq", port))
    assert reason is Reason.PROTOCOL_ERROR
    assert "does not speak AMQP 0-9-1: it offers 1.0.0" in message


async def test_no_login_by_password(context: Context) -> None:
    only = commands.Connection.Start(server_properties={}, mechanisms="EXTERNAL GSSAPI")
    async with talking(broker(only)) as port:
        reason, message = why(await look_by(context, "rabbitmq", port))
    assert reason is Reason.STATUS
    assert "offers only EXTERNAL, GSSAPI" in message


async def test_heartbeats_are_no_answer(context: Context) -> None:
    patient = [heartbeat.Heartbeat(), heartbeat.Heartbeat(), CHANNEL]
    async with talking(broker(*LOGIN, patient)) as port:
        seen = await look_by(context, "rabbitmq", port, timeout_s=5)
    assert seen.trouble is None


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ([commands.Connection.Blocked("low on disk")], Reason.STATUS, "takes no messages now: low"),
        ([commands.Basic.Nack(1)], Reason.STATUS, "refused the message"),
        ([commands.Basic.Return(312, "NO_ROUTE", "", "own")], Reason.STATUS, "312 NO_ROUTE"),
        ([commands.Basic.Ack(1), commands.Basic.GetEmpty()], Reason.STATUS, "does not have it"),
        ([commands.Channel.Flow(True)], Reason.PROTOCOL_ERROR, "Channel.Flow instead of a conf"),
        (
            [
                commands.Basic.Ack(1),
                [
                    commands.Basic.GetOk(1, exchange="", routing_key="own", message_count=0),
                    header.ContentHeader(body_size=4),
                    body.ContentBody(b"else"),
                ],
            ],
            Reason.ANSWER,
            "another message",
        ),
    ],
)
async def test_round_trips_that_fail(
    context: Context, said: list[Any], reason: Reason, words: str
) -> None:
    async with talking(broker(*LOGIN, CHANNEL, *QUEUE, *said)) as port:
        seen = await look_by(context, "rabbitmq", port, round_trip=True)
    assert why(seen)[0] is reason
    assert words in why(seen)[1]


async def test_a_frame_too_long(context: Context) -> None:
    async with talking(b"\x01\x00\x00\x7f\xff\xff\xff") as port:
        reason, message = why(await look_by(context, "rabbitmq", port))
    assert reason is Reason.PROTOCOL_ERROR
    assert "2147483647 bytes" in message


async def test_malformed_frames(context: Context) -> None:
    for method in range(0, 256, 5):
        payload = bytes([0, method, 0, 10]) + b"\xff" * 9
        said = b"\x01\x00\x00" + len(payload).to_bytes(4, "big") + payload + b"\xce"
        async with talking(said) as port:
            seen = await look_by(context, "rabbitmq", port)
        assert why(seen)[0] in {Reason.PROTOCOL_ERROR, Reason.STATUS}
