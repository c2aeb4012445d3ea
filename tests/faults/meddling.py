"""Meddling with messages as a bad network of brokers could: copies, delays, another order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from tests.faults.world import REGIONS

from vedette.bus.amqplink import BROKEN
from vedette.bus.api import Exchange
from vedette.bus.topology import EXPIRED, MESSAGES, MONITORS, RESULTS, STATES, jobs, urgent_jobs

_MARK = "x-meddled"
_QUEUES = (
    *(RESULTS, EXPIRED, STATES, MESSAGES, MONITORS),
    *(queue for region in REGIONS for queue in (jobs(region), urgent_jobs(region))),
)
_COPIED = (Exchange.JOBS, Exchange.RESULTS, Exchange.EVENTS)
_LONGEST_COPY_S = 8.0
_LONGEST_DELAY_S = 3.0
_IN_HAND = 20

Meddle = Callable[[AbstractChannel], Awaitable[None]]


@asynccontextmanager
async def copying(url: str, chance: random.Random) -> AsyncIterator[None]:
    """Half of all messages come again, a little later."""

    async def meddle(channel: AbstractChannel) -> None:
        for name in _COPIED:
            exchange = await channel.get_exchange(name.value)
            queue = await channel.declare_queue(exclusive=True, auto_delete=True)
            await queue.bind(exchange, "#")

            async def copy(message: AbstractIncomingMessage, name: str = name.value) -> None:
                if _MARK in message.headers or chance.random() < 0.5:
                    return
                await asyncio.sleep(chance.uniform(0, _LONGEST_COPY_S))
                with suppress(*BROKEN):
                    target = await channel.get_exchange(name, ensure=False)
                    await target.publish(_again(message), message.routing_key or "")

            await queue.consume(copy, no_ack=True)

    async with _meddling(url, meddle):
        yield


@asynccontextmanager
async def holding_up(url: str, chance: random.Random) -> AsyncIterator[None]:
    """Some messages are taken from their queues, and put back behind others after a while."""

    async def meddle(channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=_IN_HAND)
        for queue in _QUEUES:
            found = await channel.get_queue(queue.name, ensure=False)

            async def hold_up(message: AbstractIncomingMessage, name: str = queue.name) -> None:
                if _MARK not in message.headers:
                    await asyncio.sleep(chance.uniform(0, _LONGEST_DELAY_S))
                with suppress(*BROKEN):
                    await channel.default_exchange.publish(_again(message), name)
                    await message.ack()

            await found.consume(hold_up)

    async with _meddling(url, meddle):
        yield


@asynccontextmanager
async def _meddling(url: str, meddle: Meddle) -> AsyncIterator[None]:
    """Meddle for as long as the block lasts, also when the broker goes and comes."""
    task = asyncio.create_task(_keep(url, meddle))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep(url: str, meddle: Meddle) -> None:
    while True:
        with suppress(*BROKEN):
            async with asyncio.timeout(10):
                connection = await aio_pika.connect(url)
            try:
                closed = asyncio.Event()
                connection.close_callbacks.add(lambda *_, closed=closed: closed.set())
                await meddle(await connection.channel())
                await closed.wait()
            finally:
                with suppress(*BROKEN):
                    await connection.close()
        await asyncio.sleep(1)


def _again(message: AbstractIncomingMessage) -> aio_pika.Message:
    """The same message, marked. It may wait anew: who takes it knows when it is too late."""
    headers = {key: value for key, value in message.headers.items() if key[:7] != "x-death"}
    return aio_pika.Message(
        message.body,
        headers={**headers, _MARK: "yes"},
        content_type=message.content_type,
        delivery_mode=message.delivery_mode,
        message_id=message.message_id,
        reply_to=message.reply_to,
        expiration=message.expiration,
    )
