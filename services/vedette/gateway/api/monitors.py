"""Monitors: define, list, change, pause, delete."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aiohttp import web
from asyncpg import Record
from pydantic import Field

from vedette.core.kinds import kinds
from vedette.core.state import State
from vedette.gateway import changes
from vedette.gateway.context import Call
from vedette.gateway.domain.offers import Offers
from vedette.gateway.domain.patch import merge_patch
from vedette.gateway.endpoint import PREFIX, Body, reply
from vedette.gateway.offered import offers, warnings
from vedette.gateway.paging import BY_ID, PageQuery
from vedette.gateway.problems import there
from vedette.gateway.reading import (
    PATCH_TYPES,
    check_precondition,
    etag,
    read_id,
    read_object,
    read_query,
)
from vedette.gateway.resource import Resource
from vedette.gateway.store import channels, monitors
from vedette.gateway.views.monitors import MonitorStanding, monitor_models, monitor_view
from vedette.store.pool import Connection, connection, transaction

EXAMPLE = {
    "name": "Shop",
    "kind": "http",
    "target": {"url": "https://shop.example/health"},
    "interval_s": 30,
    "assertions": [{"subject": "status", "operator": "equals", "value": 200}],
    "tags": ["production"],
}


class MonitorQuery(PageQuery):
    """Which monitors to list."""

    state: State | None = None
    tag: str | None = None
    kind: str | None = None
    q: str | None = Field(default=None, description="Part of the name, in any case.")


async def create(call: Call) -> web.Response:
    """Add a monitor."""
    spec = changes.parse(await read_object(call.request))
    async with transaction(call.pool) as db:
        id = await changes.create(db, call.workspace, spec, call.gateway.box)
        response = await _shown(db, call, id, status=201)
    response.headers["Location"] = f"{PREFIX}/monitors/{id}"
    return response


async def listing(call: Call) -> web.Response:
    """List monitors."""
    query = read_query(call.request, MonitorQuery)
    after = BY_ID.start(query)
    wanted = monitors.Filter(state=query.state, tag=query.tag, kind=query.kind, name=query.q)
    async with connection(call.pool) as db:
        rows = await monitors.page(db, call.workspace, wanted, after=after, limit=query.rows)
        offered = await offers(db)

    def view(row: Record) -> dict[str, Any]:
        return _view(call, row, offered)

    return BY_ID.page(rows, query, view)


async def show(call: Call) -> web.Response:
    """Show a monitor."""
    async with connection(call.pool) as db:
        return await _shown(db, call, read_id(call.request, "monitor"))


async def replace(call: Call) -> web.Response:
    """Replace a monitor's definition."""
    body = await read_object(call.request)
    # So that what was read can be changed and put back.
    definition = {
        name: value for name, value in body.items() if name not in MonitorStanding.model_fields
    }
    return await _change(call, lambda _: definition)


async def patch(call: Call) -> web.Response:
    """Change parts of a monitor's definition."""
    body = await read_object(call.request, PATCH_TYPES)
    return await _change(call, lambda spec: merge_patch(spec, body))


async def delete(call: Call) -> web.Response:
    """Delete a monitor."""
    async with transaction(call.pool) as db:
        row = await _locked(db, call)
        await changes.delete(db, call.workspace, row)
    return web.Response(status=204)


async def pause(call: Call) -> web.Response:
    """Pause a monitor."""
    return await _set_paused(call, paused=True)


async def resume(call: Call) -> web.Response:
    """Resume a monitor."""
    return await _set_paused(call, paused=False)


async def _change(
    call: Call, definition: Callable[[dict[str, Any]], dict[str, Any]]
) -> web.Response:
    async with transaction(call.pool) as db:
        await channels.keep_all(db, call.workspace)
        row = await _locked(db, call)
        stored = changes.readable(row, call.gateway.box)
        spec = changes.parse(definition(stored), stored=stored)
        await changes.update(db, call.workspace, row, spec, call.gateway.box)
        return await _shown(db, call, row["id"])


async def _set_paused(call: Call, *, paused: bool) -> web.Response:
    async with transaction(call.pool) as db:
        row = await _locked(db, call)
        await changes.set_paused(db, call.workspace, row, paused=paused)
        return await _shown(db, call, row["id"])


async def _locked(db: Connection, call: Call) -> Record:
    found = await monitors.lock(db, call.workspace, read_id(call.request, "monitor"))
    row = there(found, "monitor")
    check_precondition(call.request, row["version"])
    return row


async def _shown(db: Connection, call: Call, id: UUID, *, status: int = 200) -> web.Response:
    row = there(await monitors.one(db, call.workspace, id), "monitor")
    shown = _view(call, row, await offers(db))
    return reply(shown, status=status, headers={"ETag": etag(row["version"])})


def _view(call: Call, row: Record, offered: Offers) -> dict[str, Any]:
    gateway = call.gateway
    return monitor_view(
        row,
        box=gateway.box,
        public_url=gateway.settings.public_url,
        warnings=warnings(offered, row["spec"]),
    )


_MONITORS = Resource(
    path=f"{PREFIX}/monitors",
    one="The monitor.",
    models=monitor_models(),
    body=Body(tuple(kinds().values()), examples={"http": EXAMPLE}),
)
_SLOWER = {"slower": {"interval_s": 300, "tags": None}}

ENDPOINTS = (
    _MONITORS.created(create, "Add a monitor", "The monitor, as created."),
    _MONITORS.listed(listing, "List monitors, oldest first", "A page of monitors.", MonitorQuery),
    _MONITORS.read(show, "Show a monitor"),
    _MONITORS.replaced(
        replace, "Replace a monitor's definition; what reading adds to it is ignored"
    ),
    _MONITORS.patched(patch, "Change parts of a monitor's definition (JSON Merge Patch)", _SLOWER),
    _MONITORS.deleted(delete, "Delete a monitor", "It is watched no more."),
    _MONITORS.acted_on(pause, "pause", "Pause a monitor"),
    _MONITORS.acted_on(resume, "resume", "Resume a monitor"),
)
