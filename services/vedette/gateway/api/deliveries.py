"""Deliveries."""

from uuid import UUID

from aiohttp import web
from pydantic import Field

from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.paging import BY_TIME, PageQuery
from vedette.gateway.problems import there
from vedette.gateway.reading import read_id, read_query
from vedette.gateway.store import deliveries
from vedette.gateway.views.deliveries import DeliveryView, Status, delivery_view
from vedette.store.pool import connection


class DeliveryQuery(PageQuery):
    """Which deliveries to list."""

    incident: UUID | None = Field(default=None, description="The id of an incident.")
    channel: UUID | None = Field(default=None, description="The id of a channel.")
    status: Status | None = None
    digest: UUID | None = Field(
        default=None, description="The id of a digest: those that it tells of."
    )


async def listing(call: Call) -> web.Response:
    """List deliveries."""
    query = read_query(call.request, DeliveryQuery)
    before = BY_TIME.start(query)
    wanted = deliveries.Filter(
        incident=query.incident, channel=query.channel, status=query.status, digest=query.digest
    )
    async with connection(call.pool) as db:
        rows = await deliveries.page(db, call.workspace, wanted, before=before, limit=query.rows)
    return BY_TIME.page(rows, query, delivery_view)


async def show(call: Call) -> web.Response:
    """Show a delivery."""
    async with connection(call.pool) as db:
        row = await deliveries.one(db, call.workspace, read_id(call.request, "delivery"))
    return reply(delivery_view(there(row, "delivery")))


_PATH = f"{PREFIX}/deliveries"

ENDPOINTS = (
    Endpoint(
        method="GET", path=_PATH, handle=listing, summary="List deliveries, newest first",
        query=DeliveryQuery,
        answers={200: Answer("A page of deliveries.", (DeliveryView,), listed=True)},
    ),
    Endpoint(
        method="GET", path=f"{_PATH}/{{id}}", handle=show, summary="Show a delivery",
        answers={200: Answer("The delivery.", (DeliveryView,))},
    ),
)  # fmt: skip
