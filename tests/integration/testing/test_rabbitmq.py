"""The private RabbitMQ of a test."""

from __future__ import annotations

from pathlib import Path

import aio_pika
import pytest
from tests.integration.testing.programs import programs_naming

from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.redis import running_redis
from vedette.testing.waiting import eventually


async def publish(broker: Broker, queue: str, kind: str) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": kind})
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue)


async def first(broker: Broker, queue: str, arguments: dict[str, str] | None = None) -> bytes:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(1)
        declared = await channel.get_queue(queue)
        async with declared.iterator(timeout=20, arguments=arguments) as messages:
            message = await anext(messages)
            await message.ack()
            return message.body


async def from_stream(broker: Broker) -> bytes:
    try:
        return await first(broker, "stream", {"x-stream-offset": "first"})
    except aio_pika.exceptions.ChannelNotFoundEntity:
        return b""


async def test_rabbitmq_keeps_its_messages_whatever_happens_to_it(tmp_path: Path) -> None:
    async with running_rabbitmq(tmp_path) as broker:
        await publish(broker, "classic", "classic")
        await publish(broker, "quorum", "quorum")
        await publish(broker, "stream", "stream")
        await broker.restart()
        assert await first(broker, "classic") == b"kept"
        await broker.kill()
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on the client
            await aio_pika.connect(broker.url)
        await broker.start()
        assert await first(broker, "quorum") == b"kept"
        # A stream elects its leader anew, some seconds after the broker answers.
        replayed = await eventually(lambda: from_stream(broker), within=30, what="the stream")
        assert replayed == b"kept"
        await broker.stop()
        with pytest.raises(RuntimeError, match="not running"):
            _ = broker.pid
    assert not programs_naming(tmp_path)


async def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    async with running_redis(tmp_path) as redis:
        await redis.stop()
        redis._argv = [redis._argv[0], "--no-such-option", "1"]
        with pytest.raises(RuntimeError, match=r"(?s)redis-server ended with 1.*no-such-option"):
            await redis.start()
