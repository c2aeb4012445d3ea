"""Channels: where messages go. Their configuration is sealed in the database."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aiohttp import web
from asyncpg import Record
from pydantic import Field

from vedette.core.channel import ChannelSpec
from vedette.core.ids import uuid7
from vedette.gateway import changes, channelspecs
from vedette.gateway.context import Call
from vedette.gateway.domain.patch import merge_patch
from vedette.gateway.endpoint import PREFIX, Body, reply
from vedette.gateway.paging import BY_ID, PageQuery
from vedette.gateway.problems import Problem, there
from vedette.gateway.reading import (
    PATCH_TYPES,
    Query,
    check_precondition,
    etag,
    read_id,
    read_object,
    read_query,
)
from vedette.gateway.resource import Resource
from vedette.gateway.store import channels, monitors
from vedette.gateway.views.channels import CHANNELS, channel_models, channel_view, opened_config
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, connection, transaction
from vedette.store.secretbox import SecretBox

EXAMPLE = {
    "name": "On call",
    "kind": "webhook",
    "config": {"url": "https://hooks.example/vedette", "secret": "a long random text"},
}
_NAMED_AT_MOST = 20


class DeleteQuery(Query):
    """How to delete."""

    force: bool = Field(
        default=False, description="Delete it even if monitors name it, and remove it from them."
    )


async def create(call: Call) -> web.Response:
    """Add a channel."""
    spec = channelspecs.parse(await read_object(call.request))
    id = uuid7(now_ms())
    async with transaction(call.pool) as db:
        await channels.insert(db, call.workspace, id, **_columns(spec, call.gateway.box))
        response = await _shown(db, call, id, status=201)
    response.headers["Location"] = f"{PREFIX}/channels/{id}"
    return response


async def listing(call: Call) -> web.Response:
    """List channels."""
    query = read_query(call.request, PageQuery)
    after = BY_ID.start(query)
    async with connection(call.pool) as db:
        rows = await channels.page(db, call.workspace, after=after, limit=query.rows)
    return BY_ID.page(rows, query, lambda row: channel_view(row, call.gateway.box))


async def show(call: Call) -> web.Response:
    """Show a channel."""
    async with connection(call.pool) as db:
        return await _shown(db, call, read_id(call.request, "channel"))


async def replace(call: Call) -> web.Response:
    """Replace a channel's definition."""
    body = await read_object(call.request)
    return await _change(call, lambda current: channelspecs.with_kept_secrets(body, current))


async def patch(call: Call) -> web.Response:
    """Change parts of a channel's definition."""
    body = await read_object(call.request, PATCH_TYPES)
    return await _change(call, lambda current: merge_patch(current, body))


async def delete(call: Call) -> web.Response:
    """Delete a channel."""
    query = read_query(call.request, DeleteQuery)
    async with transaction(call.pool) as db:
        await channels.await_changes(db, call.workspace)
        id = (await _locked(db, call))["id"]
        naming = await monitors.naming_channel(db, call.workspace, id)
        if naming and not query.force:
            raise _still_named(naming)
        for row in naming:
            await changes.drop_channel(db, call.workspace, row, id)
        await channels.delete(db, call.workspace, id)
    return web.Response(status=204)


async def _change(
    call: Call, definition: Callable[[dict[str, Any]], dict[str, Any]]
) -> web.Response:
    async with transaction(call.pool) as db:
        row = await _locked(db, call)
        current = {"name": row["name"], "kind": row["kind"]}
        if (config := opened_config(row, call.gateway.box)) is not None:
            current["config"] = config
        spec = channelspecs.parse(definition(current))
        if spec.model_dump(mode="json") != current:
            columns = _columns(spec, call.gateway.box)
            await channels.update(db, call.workspace, row["id"], **columns)
        return await _shown(db, call, row["id"])


def _columns(spec: ChannelSpec, box: SecretBox) -> dict[str, Any]:
    sealed = box.seal(spec.config.model_dump(mode="json"))
    return {"name": spec.name, "kind": spec.kind, "sealed_config": sealed}


async def _locked(db: Connection, call: Call) -> Record:
    found = await channels.lock(db, call.workspace, read_id(call.request, "channel"))
    row = there(found, "channel")
    check_precondition(call.request, row["version"])
    return row


async def _shown(db: Connection, call: Call, id: UUID, *, status: int = 200) -> web.Response:
    row = there(await channels.one(db, call.workspace, id), "channel")
    view = channel_view(row, call.gateway.box)
    return reply(view, status=status, headers={"ETag": etag(row["version"])})


def _still_named(naming: list[Record]) -> Problem:
    names = [f"{row['spec']['name']} ({row['id']})" for row in naming[:_NAMED_AT_MOST]]
    if len(naming) > _NAMED_AT_MOST:
        names.append(f"{len(naming) - _NAMED_AT_MOST} more")
    return Problem(
        409,
        f"monitors still name this channel: {', '.join(names)}; ?force=true removes it from them",
        kind="channel-in-use",
    )


_CHANNELS = Resource(
    path=f"{PREFIX}/channels",
    one="The channel, its secrets redacted.",
    models=channel_models(),
    body=Body(CHANNELS, examples={"webhook": EXAMPLE}),
)
_RENAMED = {"renamed": {"name": "Night shift"}}

ENDPOINTS = (
    _CHANNELS.created(create, "Add a channel", "The channel, as created."),
    _CHANNELS.listed(listing, "List channels, oldest first", "A page of channels."),
    _CHANNELS.read(show, "Show a channel"),
    _CHANNELS.replaced(replace, "Replace a channel's definition; a secret that is left out stays"),
    _CHANNELS.patched(patch, "Change parts of a channel's definition (JSON Merge Patch)", _RENAMED),
    _CHANNELS.deleted(
        delete,
        "Delete a channel",
        "Nothing is sent there any more.",
        query=DeleteQuery,
        problems=(409,),
    ),
)
