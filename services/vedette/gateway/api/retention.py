"""How long what was seen of a workspace's monitors is kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from vedette.core.retention import Kept, RetentionSpec
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Body, Endpoint, reply
from vedette.gateway.invalid import field_errors
from vedette.gateway.problems import FieldError, invalid
from vedette.gateway.reading import check_precondition, etag, read_object
from vedette.gateway.settings import GatewaySettings
from vedette.gateway.store import retention
from vedette.gateway.views.retention import RetentionRecord, RetentionView, retention_view
from vedette.store.pool import Connection, connection, transaction

_EXAMPLE = {
    "checks_days": 30,
    "evidence_days": 90,
    "tags": {"production": {"checks_days": 365}, "staging": {"checks_days": 7}},
}


async def show(call: Call) -> web.Response:
    """Show how long is kept what."""
    async with connection(call.pool) as db:
        return await _shown(db, call)


async def replace(call: Call) -> web.Response:
    """Say how long is kept what."""
    body = await read_object(call.request)
    # So that what was read can be changed and put back.
    spec = _parse({k: v for k, v in body.items() if k not in RetentionRecord.model_fields})
    if errors := list(_too_long(spec, call.gateway.settings)):
        raise invalid(errors)
    async with transaction(call.pool) as db:
        row = await retention.lock(db, call.workspace)
        check_precondition(call.request, 0 if row is None else row["version"])
        definition = spec.model_dump(mode="json")
        if row is None or definition != row["spec"]:
            await retention.put(db, call.workspace, definition)
        return await _shown(db, call)


def _parse(definition: Mapping[str, Any]) -> RetentionSpec:
    try:
        return RetentionSpec.model_validate(definition)
    except ValidationError as error:
        raise invalid(field_errors(error, RetentionSpec)) from None


def _too_long(spec: RetentionSpec, settings: GatewaySettings) -> Iterator[FieldError]:
    most = settings.retention_max_days
    places: dict[str, Kept] = {"": spec}
    places |= {f"tags.{tag}.": kept for tag, kept in spec.tags.items()}
    for place, kept in places.items():
        for name in Kept.model_fields:
            days = getattr(kept, name)
            if days is not None and days > most:
                words = f"here nothing is kept longer than {most} days"
                yield FieldError(field=f"{place}{name}", message=words, rule="too_long")


async def _shown(db: Connection, call: Call) -> web.Response:
    row = await retention.one(db, call.workspace)
    version = 0 if row is None else row["version"]
    view = retention_view(row, call.gateway.settings)
    return reply(view, headers={"ETag": etag(version)})


_PATH = f"{PREFIX}/settings/retention"
_ONE = Answer(
    "How long is kept what.", (RetentionView,), headers={"ETag": "Its version, for If-Match."}
)

ENDPOINTS = (
    Endpoint(
        method="GET", path=_PATH, handle=show, answers={200: _ONE},
        summary="Show how long checks and evidence are kept",
    ),
    Endpoint(
        method="PUT", path=_PATH, handle=replace, conditional=True, answers={200: _ONE},
        body=Body((RetentionSpec,), examples={"by tag": _EXAMPLE}),
        summary="Say how long checks and evidence are kept, for the workspace and by tag;"
        " what reading adds is ignored",
    ),
)  # fmt: skip
