"""Incidents."""

from typing import Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field

from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.paging import BY_ID, PageQuery
from vedette.gateway.problems import there
from vedette.gateway.reading import read_id, read_query
from vedette.gateway.store import deliveries, incidents
from vedette.gateway.views.deliveries import delivery_view
from vedette.gateway.views.incidents import (
    MOST_DELIVERIES,
    IncidentDetail,
    IncidentView,
    incident_view,
)
from vedette.store.pool import connection


class IncidentQuery(PageQuery):
    """Which incidents to list."""

    state: Literal["open", "resolved"] | None = None
    monitor: UUID | None = Field(default=None, description="The id of a monitor.")


async def listing(call: Call) -> web.Response:
    """List incidents."""
    query = read_query(call.request, IncidentQuery)
    before = BY_ID.start(query)
    async with connection(call.pool) as db:
        rows = await incidents.page(
            db,
            call.workspace,
            is_open=None if query.state is None else query.state == "open",
            monitor=query.monitor,
            before=before,
            limit=query.rows,
        )
    return BY_ID.page(rows, query, incident_view)


async def show(call: Call) -> web.Response:
    """Show an incident with its messages."""
    id = read_id(call.request, "incident")
    async with connection(call.pool) as db:
        row = there(await incidents.one(db, call.workspace, id), "incident")
        sent = await deliveries.of_incident(db, call.workspace, id, limit=MOST_DELIVERIES)
    return reply({**incident_view(row), "deliveries": [delivery_view(one) for one in sent]})


_PATH = f"{PREFIX}/incidents"

ENDPOINTS = (
    Endpoint(
        method="GET", path=_PATH, handle=listing, summary="List incidents, newest first",
        query=IncidentQuery,
        answers={200: Answer("A page of incidents.", (IncidentView,), listed=True)},
    ),
    Endpoint(
        method="GET", path=f"{_PATH}/{{id}}", handle=show,
        summary="Show an incident with its messages",
        answers={200: Answer("The incident.", (IncidentDetail,))},
    ),
)  # fmt: skip
