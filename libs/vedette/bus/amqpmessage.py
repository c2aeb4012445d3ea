"""Messages between our form and AMQP's."""

from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from vedette.bus.api import Message, Outgoing


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


def received(incoming: AbstractIncomingMessage) -> Message:
    """As a handler gets it."""
    headers = {name: str(value) for name, value in incoming.headers.items()}
    redelivered = incoming.headers.get("x-delivery-count", 0)
    return Message(
        key=incoming.routing_key or "",
        body=incoming.body,
        id=incoming.message_id,
        traceparent=headers.get("traceparent"),
        reply_to=incoming.reply_to,
        attempt=1 + (redelivered if isinstance(redelivered, int) else 0),
        headers=headers,
    )
