"""Regions: where checks are run from, by whom, and what can be checked from there."""

from aiohttp import web

from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.store import monitors, probers
from vedette.gateway.views.regions import RegionView, region_views
from vedette.store.pool import connection


async def listing(call: Call) -> web.Response:
    """List regions, all on one page."""
    async with connection(call.pool) as db:
        rows = await probers.known(db)
        health = await probers.health(db)
        named = await monitors.regions(db, call.workspace)
    return reply({"items": region_views(rows, health, named), "next": None})


ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{PREFIX}/regions", handle=listing,
        summary="List regions: their health, their live probers, and what they can check",
        answers={200: Answer("All regions.", (RegionView,), listed=True)},
    ),
)  # fmt: skip
