"""RabbitMQ, as far as AMQP tells: whether it takes messages, and how its queues stand."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from vedette.bus.api import Queue
from vedette.bus.topology import SHARED, jobs, urgent_jobs
from vedette.core.wellness import Finding, Level

_PATIENCE_S = 5
_DEEP = 1_000
_ERRORS = (*CONNECTION_EXCEPTIONS, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class _Depth:
    queue: Queue
    messages: int
    consumers: int


async def examine(url: str, regions: Iterable[str]) -> list[Finding]:
    """How the broker stands."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            connection = await aio_pika.connect(url)
    except _ERRORS as error:
        return [_unreachable(error)]
    try:
        found = [await _depth(connection, queue) for queue in _queues(regions)]
        depths = [depth for depth in found if depth is not None]
        # Last, for in alarm the connection is good for nothing afterwards.
        return [await _taking(connection), *_findings(depths)]
    except _ERRORS as error:
        return [_unreachable(error)]
    finally:
        with suppress(*_ERRORS):
            async with asyncio.timeout(_PATIENCE_S):
                await connection.close()


def _unreachable(error: BaseException) -> Finding:
    return Finding(
        "broker",
        Level.BAD,
        f"can't be reached: {str(error) or type(error).__name__}",
        "Start RabbitMQ, or mend VEDETTE_AMQP_URL; until then no check is sent out.",
    )


def _queues(regions: Iterable[str]) -> list[Queue]:
    return [
        *SHARED,
        *(queue(region) for region in sorted(regions) for queue in (jobs, urgent_jobs)),
    ]


async def _taking(connection: AbstractConnection) -> Finding:
    """Whether it takes a message, which it does not in alarm."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            took_ms = await _publish_some(connection)
    except _ERRORS as error:
        return Finding(
            "broker",
            Level.BAD,
            f"{_product(connection)} takes no message: {str(error) or 'no confirmation in time'}",
            "See `rabbitmq-diagnostics alarms`: make room on its disk, or give it more memory.",
        )
    words = f"{_product(connection)}, took a message in {took_ms:.1f} ms"
    return Finding("broker", Level.OK, words)


async def _publish_some(connection: AbstractConnection) -> float:
    """How long one's confirmation took. In alarm, the broker takes a first and then no more."""
    channel = await connection.channel()
    queue = await channel.declare_queue(exclusive=True)
    for _ in range(2):
        began = time.perf_counter()
        # By the default exchange: nobody but us sees it.
        await channel.default_exchange.publish(aio_pika.Message(b"doctor"), queue.name)
        took_ms = (time.perf_counter() - began) * 1000
    await channel.close()
    return took_ms


def _product(connection: AbstractConnection) -> str:
    inner: Any = connection.transport
    told = inner.connection.server_properties
    return f"{told.get('product', 'a broker')} {told.get('version', '')}".strip()


async def _depth(connection: AbstractConnection, queue: Queue) -> _Depth | None:
    """How a queue stands; None if nobody has declared it yet."""
    async with asyncio.timeout(_PATIENCE_S):
        channel = await connection.channel()  # which the broker closes if there is no such queue
        try:
            found = await channel.declare_queue(queue.name, passive=True)
        except ChannelNotFoundEntity:
            return None
        told = found.declaration_result
        await channel.close()
    return _Depth(queue, told.message_count or 0, told.consumer_count or 0)


def _findings(depths: list[_Depth]) -> list[Finding]:
    return [*_idle(depths), _waiting(depths)]


def _idle(depths: list[_Depth]) -> list[Finding]:
    """Queues that nobody reads."""
    return [
        Finding(
            depth.queue.name,
            Level.BAD,
            f"nobody reads it, {depth.messages} messages wait",
            f"Start what reads it: {_reader(depth.queue)}.",
        )
        for depth in depths
        if not depth.consumers
    ]


def _reader(queue: Queue) -> str:
    if queue.last_resort:
        return "processor"
    service, _, rest = queue.name.partition(".")
    if service != "jobs":
        return service
    return f"a prober with VEDETTE_REGION={rest.removesuffix('.urgent')}"


def _waiting(depths: list[_Depth]) -> Finding:
    total = sum(depth.messages for depth in depths)
    words = f"{len(depths)} queues, {total} messages wait"
    deepest = max(depths, key=lambda depth: depth.messages, default=None)
    if deepest is not None and deepest.messages > _DEEP:
        return Finding(
            "queues",
            Level.WARN,
            f"{words}, most in {deepest.queue.name}: {deepest.messages}",
            f"Add more of what reads it: {_reader(deepest.queue)}.",
        )
    return Finding("queues", Level.OK, words)
