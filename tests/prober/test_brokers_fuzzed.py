"""Kinds rabbitmq, mqtt and kafka against brokers that say almost the right thing."""

import asyncio
import random
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from typing import Any

import pytest
from pamqp import commands, frame
from tests.prober.looking import look_by
from tests.prober.talking import talking

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.mqtt import packets

PROPERTIES: Any = {"product": "RabbitMQ", "version": "4", "capabilities": {"a": True}, "n": 5}
ROUNDS = 300


def rabbitmq() -> bytes:
    said = [
        (0, commands.Connection.Start(0, 9, PROPERTIES, "PLAIN", "en_US")),
        (0, commands.Connection.Tune(10, 131_072, 60)),
        (0, commands.Connection.OpenOk()),
        (1, commands.Channel.OpenOk()),
        (1, commands.Queue.DeclareOk("orders", 5, 1)),
    ]
    return b"".join(frame.marshal(one, channel) for channel, one in said)


def mqtt() -> bytes:
    welcome = b"\x20\x09\x00\x00\x06\x22\x00\x0a\x21\x00\x14"
    message = packets.publish("5", 1, "orders", b"paid", 1)
    return welcome + b"\xd0\x00" + b"\x90\x04\x00\x01\x00\x01" + message


def kafka() -> bytes:
    versions = struct.pack(">ihihhh", 1, 0, 1, 3, 0, 5)
    broker = struct.pack(">iih6sih", 1, 1, 6, b"broker", 9092, -1)
    parts = struct.pack(">ihiiiiiii", 1, 0, 0, 1, 1, 1, 1, 1, 0)
    topic = struct.pack(">ihh6sb", 1, 0, 6, b"orders", 0) + parts
    told = struct.pack(">ii", 2, 0) + broker + struct.pack(">h1si", 1, b"c", 1) + topic
    return b"".join(struct.pack(">i", len(body)) + body for body in (versions, told))


KINDS: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "rabbitmq": (rabbitmq, {"queue": "orders"}),
    "mqtt": (mqtt, {"topic": "orders", "version": "5", "qos": 1}),
    "kafka": (kafka, {"topic": "orders"}),
}

UP_TO_THE_EXCHANGE = {
    "rabbitmq": len(rabbitmq()) - len(frame.marshal(commands.Queue.DeclareOk("orders", 5, 1), 1)),
    "mqtt": 13,
}


def changed(said: bytes, chance: random.Random) -> bytes:
    """With some bytes changed, left out or put in."""
    made = bytearray(said)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made))
        match chance.randrange(4):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                made[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                del made[at : at + chance.randint(1, 8)]
            case _:
                made[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(made)


async def look(context: Context, kind: str, said: bytes) -> Reason | None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(said)
        writer.write_eof()
        await reader.read()

    async with talking(talk) as port:
        seen = await look_by(context, kind, port, timeout_s=2, **KINDS[kind][1])
    return seen.trouble.reason if seen.trouble is not None else None


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_right_is_up(context: Context, kind: str) -> None:
    assert await look(context, kind, KINDS[kind][0]()) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_quite_right_is_never_our_fault(context: Context, kind: str) -> None:
    chance = random.Random(kind)
    said = KINDS[kind][0]()
    fuzzed = [changed(said, chance) for _ in range(ROUNDS)]
    found = [await look(context, kind, each) for each in fuzzed]
    assert {*found} <= {
        None,
        Reason.PROTOCOL_ERROR,
        Reason.STATUS,
        Reason.ANSWER,
        Reason.BODY,
        Reason.CONNECT_RESET,
        *([Reason.INTERNAL_ERROR] if kind == "kafka" else []),  # versions that we don't speak
    }
    assert Reason.PROTOCOL_ERROR in found


@pytest.mark.parametrize(
    ("kind", "noise"),
    [("rabbitmq", b"\x08\x00\x00\x00\x00\x00\x00\xce"), ("mqtt", b"\x30\x04\x00\x01a\x00")],
)
async def test_a_flood_lets_others_live(context: Context, kind: str, noise: bytes) -> None:
    said = KINDS[kind][0]()
    lives = 0

    async def flood(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(said[: UP_TO_THE_EXCHANGE[kind]])
        while True:
            writer.write(noise * 8000)
            await writer.drain()

    async def live() -> None:
        nonlocal lives
        while True:
            await asyncio.sleep(0)
            lives += 1

    async with talking(flood) as port:
        other = asyncio.create_task(live())
        seen = await look_by(context, kind, port, timeout_s=1, **KINDS[kind][1])
        other.cancel()
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert lives > 100
