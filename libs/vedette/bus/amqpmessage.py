"""Messages between our form and AMQP's."""

from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from vedette.bus import parking
from vedette.bus.api import DELIVERY_LIMIT, Message, Outgoing
from vedette.core.ids import derived


def sent(message: Outgoing, current: str | None) -> aio_pika.Message:
    """As published; `current` is the traceparent of messages without their own."""
    headers: dict[str, Any] = dict(message.headers)
    if parent := message.traceparent or current:
        headers["traceparent"] = parent
    return aio_pika.Message(
        message.body,
        headers=headers,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.id,
        reply_to=message.reply_to,
        expiration=None if message.ttl_ms is None else max(message.ttl_ms, 0) / 1000,
    )


def put(message: Outgoing) -> aio_pika.Message:
    """As put into a queue by its name, which takes the place of the key."""
    made = sent(message, None)
    made.headers[parking.KEY] = message.key
    return made


def received(incoming: AbstractIncomingMessage) -> Message:
    """As a handler gets it."""
    headers = {name: str(value) for name, value in incoming.headers.items()}
    headers |= _death(incoming)
    key = headers.get(parking.KEY) if incoming.exchange == "" else incoming.routing_key
    return Message(
        key=key or "",
        body=incoming.body,
        id=incoming.message_id,
        traceparent=headers.get("traceparent"),
        reply_to=incoming.reply_to,
        attempt=_attempt(incoming),
        headers=headers,
    )


def _attempt(incoming: AbstractIncomingMessage) -> int:
    """Quorum queues count; of others we know whether it is the first."""
    before = incoming.headers.get("x-delivery-count", 0)
    return 1 + max(before if isinstance(before, int) else 0, bool(incoming.redelivered))


def _death(incoming: AbstractIncomingMessage) -> dict[str, str]:
    """What the broker tells of a message that it has parked itself, in the words of `parking`."""
    deaths = incoming.headers.get("x-death")
    if parking.ID in incoming.headers or not isinstance(deaths, list) or not deaths:
        return {}
    last: Any = deaths[0]
    what = (last["queue"], last["reason"], last["time"], incoming.message_id, incoming.body.hex())
    limited = last["reason"] == parking.Cause.DELIVERY_LIMIT
    return {
        parking.ID: str(derived("dead", *what)),
        parking.QUEUE: str(last["queue"]),
        parking.KEY: str(next(iter(last["routing-keys"]), "")),
        parking.REASON: str(last["reason"]),
        parking.ATTEMPTS: str(DELIVERY_LIMIT + 1 if limited else 0),
    }
