"""What only RabbitMQ does: it parks by itself, goes away, and comes back."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import aio_pika
import pytest
from tests.integration.hearing import Heard, listening, queue

from vedette.bus import parking
from vedette.bus.api import (
    DELIVERY_LIMIT,
    Exchange,
    Message,
    Outgoing,
    Queue,
)
from vedette.bus.connect import open_bus
from vedette.bus.topology import DEAD
from vedette.core.errors import Transient
from vedette.testing.rabbitmq import Broker
from vedette.testing.waiting import eventually


async def test_a_message_that_kills_its_consumers_is_parked_by_the_broker(broker: Broker) -> None:
    async with open_bus(broker.url) as bus, await aio_pika.connect(broker.url) as connection:
        to, dead = queue(exchange=Exchange.RESULTS), Heard()
        await bus.declare(to)
        await bus.publish(Exchange.RESULTS, [Outgoing(key=to.name, body=b"killer", id="9")])
        declared = await (await connection.channel()).get_queue(to.name)
        for _ in range(DELIVERY_LIMIT + 1):
            incoming = await eventually(lambda: declared.get(fail=False))
            assert incoming is not None
            await incoming.nack(requeue=True)
        async with listening(bus, DEAD, dead):
            await eventually(lambda: b"killer" in dead.bodies)
        (told,) = [parking.read(one) for one in dead.messages if one.body == b"killer"]
    assert (told.queue, told.key, told.reason) == (to.name, to.name, "delivery_limit")
    assert told.attempts == DELIVERY_LIMIT + 1


async def test_what_is_parked_may_be_taken_as_often_as_need_be(broker: Broker) -> None:
    async with open_bus(broker.url) as bus, await aio_pika.connect(broker.url) as connection:
        mark = uuid4().hex.encode()
        channel = await connection.channel()
        await (await channel.get_queue(DEAD.name)).purge()
        await bus.publish(Exchange.DEAD, [Outgoing(key="q", body=mark)])
        for _ in range(2 * DELIVERY_LIMIT):
            declared = await channel.get_queue(DEAD.name)
            incoming = await eventually(lambda declared=declared: declared.get(fail=False))  # type: ignore[misc]
            assert incoming is not None
            assert incoming.body == mark
            await incoming.nack(requeue=True)
        assert await eventually(lambda: bus.depth(DEAD)) == 1


async def test_a_stranger_who_refuses_events_stops_nobody_else(broker: Broker) -> None:
    async with open_bus(broker.url) as bus, await aio_pika.connect(broker.url) as connection:
        to, heard = queue(exchange=Exchange.EVENTS), Heard()
        channel = await connection.channel()
        full = await channel.declare_queue(
            f"integrator.{to.name}",
            durable=True,
            arguments={"x-max-length": 1, "x-overflow": "reject-publish"},
        )
        await full.bind(Exchange.EVENTS.value, to.name)
        async with listening(bus, to, heard):
            for number in range(5):
                body = b"%d" % number
                await bus.publish(
                    Exchange.EVENTS, [Outgoing(key=to.name, body=body, id=f"{number}")]
                )
            await eventually(lambda: {message.id for message in heard.messages} == set("01234"))
        await full.delete(if_unused=False, if_empty=False)


async def test_after_the_broker_was_away_all_goes_on(broker: Broker) -> None:
    async with open_bus(broker.url) as bus:
        to, private, heard = queue(), queue(exchange=Exchange.EVENTS, private=True), Heard()
        async with listening(bus, to, heard), listening(bus, private, heard):
            await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"before")])
            await eventually(lambda: heard.bodies == [b"before"])
            # Killed within a second or two of declaring a quorum queue, RabbitMQ 3.10 forgets how
            # to reach it. An orderly restart has it written down; it is the kill that we test.
            await broker.restart()
            await eventually(bus.healthy, within=30)
            await broker.kill()
            await eventually(lambda: not bus.healthy())
            with pytest.raises(Transient):
                await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"lost")])
            await broker.start()

            async def send(exchange: Exchange, target: Queue, body: bytes) -> bool:
                try:
                    await bus.publish(exchange, [Outgoing(key=target.name, body=body)])
                except Transient:
                    return False
                return True

            await eventually(lambda: send(Exchange.JOBS, to, b"after"), within=30)
            await eventually(lambda: b"after" in heard.bodies, within=10)
            await send(Exchange.EVENTS, private, b"private")
            await eventually(lambda: b"private" in heard.bodies, within=10)


async def test_a_message_in_hand_when_the_broker_dies_is_delivered_again(broker: Broker) -> None:
    async with open_bus(broker.url) as bus:
        to, gate, attempts = queue(), asyncio.Event(), []

        async def work(message: Message) -> None:
            attempts.append(message.attempt)
            await gate.wait()

        async with listening(bus, to, work):
            await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"x")])
            await eventually(lambda: attempts)
            await broker.restart()
            await eventually(lambda: len(attempts) == 2, within=30)
            assert attempts == [1, 2], "the second is told to be one"
            gate.set()


async def test_a_queue_that_an_older_version_made_serves_as_it_is(broker: Broker) -> None:
    to, heard = queue(), Heard()
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(to.name, durable=True, arguments={"x-queue-type": "quorum"})
    async with open_bus(broker.url) as bus, listening(bus, to, heard):
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"x")])
        await eventually(lambda: heard.messages)
        assert bus.healthy()


async def test_no_broker_is_a_passing_trouble() -> None:
    with pytest.raises(Transient, match="RabbitMQ"):
        async with open_bus("amqp://guest:guest@127.0.0.1:1/"):
            pass
