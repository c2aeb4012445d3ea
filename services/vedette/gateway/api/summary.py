"""Everything in one word, and in numbers."""

from collections import Counter
from datetime import UTC, datetime

from aiohttp import web
from pydantic import Field

from vedette.core.overall import Overall, overall
from vedette.core.state import State
from vedette.gateway.context import Call
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.screen import read_screen
from vedette.gateway.views.common import Instant, View
from vedette.store.pool import connection


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
    async with connection(call.pool) as db:
        screen = await read_screen(db, call.workspace, now)
    watched = [line for line in screen.lines if line.standing.state is not State.PAUSED]
    in_maintenance = sum(line.maintenance is not None for line in watched)
    states = [line.standing.state for line in screen.lines]
    counts = Counter(states)
    return reply(
        SummaryView(
            at=now,
            overall=overall(states, maintenance=in_maintenance > 0),
            monitors={state: counts[state] for state in State},
            in_maintenance=in_maintenance,
            open_incidents=screen.open_incidents,
        )
    )


ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{PREFIX}/summary", handle=show,
        summary="Show how all monitors stand together",
        answers={200: Answer("One word, and numbers.", (SummaryView,))},
    ),
)  # fmt: skip
