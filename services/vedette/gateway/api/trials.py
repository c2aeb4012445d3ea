"""Test messages: one through a channel, as a real one would go."""

import asyncio
import time
from uuid import UUID

from aiohttp import web
from asyncpg import Record

from vedette.core.events import ChannelTest, Event
from vedette.core.ids import uuid7
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.problems import there
from vedette.gateway.reading import read_id
from vedette.gateway.store import channels, deliveries
from vedette.gateway.views.deliveries import DeliveryView, PendingTest, delivery_view
from vedette.store import outbox
from vedette.store.clock import now_ms
from vedette.store.pool import connection, transaction
from vedette.telemetry.traces import traceparent

_PATIENCE_S = 10.0
_POLL_S = 0.2


async def test(call: Call) -> web.Response:
    """Send a test message and tell how it went, if that is known soon."""
    id = await _ask(call)
    row = await _ended(call, id)
    if row is not None:
        return reply(delivery_view(row))
    location = f"{PREFIX}/deliveries/{id}"
    return reply(PendingTest(id=id), status=202, headers={"Location": location})


async def _ask(call: Call) -> UUID:
    """Tell the notifier, through an event; returns the id its delivery will have."""
    now = now_ms()
    async with transaction(call.pool) as db:
        found = await channels.one(db, call.workspace, read_id(call.request, "channel"))
        row = there(found, "channel")
        data = ChannelTest(channel_id=row["id"], channel_name=row["name"], test_id=uuid7(now))
        event = Event.of(data, workspace=call.workspace, at_ms=now, traceparent=traceparent())
        await outbox.put(db, [event])
    return data.test_id


async def _ended(call: Call, id: UUID) -> Record | None:
    """The delivery once it was sent or given up; None if that takes too long."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        async with connection(call.pool) as db:
            row = await deliveries.one(db, call.workspace, id)
        if row is not None and row["status"] != "pending":
            return row
        await asyncio.sleep(_POLL_S)
    return None


ENDPOINTS = (
    Endpoint(
        method="POST", path=f"{PREFIX}/channels/{{id}}/test", handle=test,
        summary="Send a test message through a channel",
        answers={
            200: Answer("Its delivery, sent or failed.", (DeliveryView,)),
            202: Answer("It is under way still.", (PendingTest,),
                        headers={"Location": "Where its delivery will be."}),
        },
    ),
)  # fmt: skip
