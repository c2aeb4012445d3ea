"""Everything in one word, and in numbers."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web
from pydantic import Field

from vedette.core.overall import Overall, overall
from vedette.core.state import State
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.screen import going_on
from vedette.gateway.standings import read_standings
from vedette.gateway.store import incidents, overview
from vedette.gateway.views.common import Instant, View
from vedette.store.pool import Connection, connection


class SummaryView(View):
    """How the monitors stand together."""

    at: Instant
    overall: Overall = Field(
        description="nothing (none is watched), up (all are), partly, down (none is up), unknown"
        " (none is seen), or maintenance, if any is in it."
    )
    monitors: dict[State, int] = Field(description="How many are in each state.")
    in_maintenance: int
    open_incidents: int


async def show(call: Call) -> web.Response:
    """Show how all monitors stand together."""
    now = datetime.now(UTC)
    async with (
        connection(call.pool) as db,
        db.transaction(isolation="repeatable_read", readonly=True),
    ):
        counts = (await read_standings(db, call.workspace, now)).counts
        in_maintenance = await _in_maintenance(db, call.workspace, counts, now)
        open_incidents = await incidents.count_open(db, call.workspace)
    states = [state for state, count in counts.items() if count]
    return reply(
        SummaryView(
            at=now,
            overall=overall(states, maintenance=in_maintenance > 0),
            monitors={state: counts[state] for state in State},
            in_maintenance=in_maintenance,
            open_incidents=open_incidents,
        )
    )


async def _in_maintenance(
    db: Connection, workspace: UUID, counts: Counter[State], now: datetime
) -> int:
    """How many that are not paused are in it."""
    going = [spec for spec, _ in await going_on(db, workspace, now)]
    if any(spec.everything for spec in going):
        return counts.total() - counts[State.PAUSED]
    if not going:
        return 0
    named = [monitor for spec in going for monitor in spec.monitors]
    tags = [tag for spec in going for tag in spec.tags]
    return await overview.count_covered(db, workspace, named, tags)


ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{PREFIX}/summary", handle=show,
        summary="Show how all monitors stand together",
        answers={200: Answer("One word, and numbers.", (SummaryView,))},
    ),
)  # fmt: skip
