"""Maintenance: when alerts of some monitors wait."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aiohttp import web
from asyncpg import Record
from pydantic import ValidationError

from vedette.core.ids import uuid7
from vedette.core.maintenance import (
    MAINTENANCES,
    AnyMaintenance,
    MaintenanceSpec,
    parse_maintenance,
)
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Body, reply
from vedette.gateway.invalid import field_errors
from vedette.gateway.paging import BY_ID, PageQuery
from vedette.gateway.problems import FieldError, invalid, there
from vedette.gateway.reading import (
    check_precondition,
    etag,
    read_id,
    read_object,
    read_query,
)
from vedette.gateway.resource import Resource
from vedette.gateway.store import maintenance, monitors
from vedette.gateway.views.maintenance import (
    MaintenanceRecord,
    maintenance_models,
    maintenance_view,
)
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, connection, transaction

ONCE = {
    "name": "New database server",
    "kind": "once",
    "starts_at": "2026-03-01T22:00:00+01:00",
    "ends_at": "2026-03-02T02:00:00+01:00",
    "tags": ["database"],
}
WEEKLY = {
    "name": "Backups",
    "kind": "weekly",
    "weekdays": ["saturday", "sunday"],
    "start_time": "02:30",
    "duration_s": 5400,
    "time_zone": "Europe/Berlin",
    "everything": True,
}


def parse(definition: Mapping[str, Any]) -> MaintenanceSpec:
    """A definition as a person wrote it. Raises Problem, naming every wrong field."""
    try:
        return parse_maintenance(dict(definition))
    except ValidationError as error:
        raise invalid(field_errors(error, AnyMaintenance, within=MAINTENANCES)) from None


async def create(call: Call) -> web.Response:
    """Plan a maintenance."""
    spec = parse(await read_object(call.request))
    id = uuid7(now_ms())
    async with transaction(call.pool) as db:
        await _check_monitors(db, call.workspace, spec)
        await maintenance.insert(db, call.workspace, id, spec.model_dump(mode="json"))
        response = await _shown(db, call, id, status=201)
    response.headers["Location"] = f"{PREFIX}/maintenance/{id}"
    return response


async def listing(call: Call) -> web.Response:
    """List maintenance."""
    query = read_query(call.request, PageQuery)
    after = BY_ID.start(query)
    async with connection(call.pool) as db:
        rows = await maintenance.page(db, call.workspace, after=after, limit=query.rows)
    now = now_ms()
    return BY_ID.page(rows, query, lambda row: maintenance_view(row, now))


async def show(call: Call) -> web.Response:
    """Show a maintenance."""
    async with connection(call.pool) as db:
        return await _shown(db, call, read_id(call.request, "maintenance"))


async def replace(call: Call) -> web.Response:
    """Replace a maintenance's definition."""
    body = await read_object(call.request)
    # So that what was read can be changed and put back.
    spec = parse({k: v for k, v in body.items() if k not in MaintenanceRecord.model_fields})
    async with transaction(call.pool) as db:
        row = await _locked(db, call)
        await _check_monitors(db, call.workspace, spec)
        if (definition := spec.model_dump(mode="json")) != row["spec"]:
            await maintenance.update(db, call.workspace, row["id"], definition)
        return await _shown(db, call, row["id"])


async def delete(call: Call) -> web.Response:
    """Delete a maintenance."""
    async with transaction(call.pool) as db:
        row = await _locked(db, call)
        await maintenance.delete(db, call.workspace, row["id"])
    return web.Response(status=204)


async def _check_monitors(db: Connection, workspace: UUID, spec: MaintenanceSpec) -> None:
    known = await monitors.lock_existing(db, workspace, spec.monitors)
    errors = [
        FieldError(
            field=f"monitors[{index}]", message="there is no such monitor", rule="unknown_monitor"
        )
        for index, id in enumerate(spec.monitors)
        if id not in known
    ]
    if errors:
        raise invalid(errors)


async def _locked(db: Connection, call: Call) -> Record:
    found = await maintenance.lock(db, call.workspace, read_id(call.request, "maintenance"))
    row = there(found, "maintenance")
    check_precondition(call.request, row["version"])
    return row


async def _shown(db: Connection, call: Call, id: UUID, *, status: int = 200) -> web.Response:
    row = there(await maintenance.one(db, call.workspace, id), "maintenance")
    view = maintenance_view(row, now_ms())
    return reply(view, status=status, headers={"ETag": etag(row["version"])})


_MAINTENANCE = Resource(
    path=f"{PREFIX}/maintenance",
    one="The maintenance.",
    models=maintenance_models(),
    body=Body(tuple(MAINTENANCES.values()), examples={"once": ONCE, "weekly": WEEKLY}),
)

ENDPOINTS = (
    _MAINTENANCE.created(create, "Plan a maintenance", "The maintenance, as planned."),
    _MAINTENANCE.listed(listing, "List maintenance, oldest first", "A page of maintenance."),
    _MAINTENANCE.read(show, "Show a maintenance"),
    _MAINTENANCE.replaced(
        replace, "Replace a maintenance's definition; what reading adds to it is ignored"
    ),
    _MAINTENANCE.deleted(
        delete, "Delete a maintenance; a window that goes on ends now", "Alerts wait no more."
    ),
)
