"""A monitor's history in steps of an hour or a day: uptime, outcomes, percentiles of latency.

It comes from sums that the processor keeps by the hour and the day, and from the checks of what is
not summed up yet; so it costs the same however often the target is checked.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any, Literal

from aiohttp import web
from asyncpg import Record
from pydantic import AwareDatetime, Field

from vedette.core.instants import iso, to_ms
from vedette.core.state import State
from vedette.gateway.context import Call
from vedette.gateway.counting import counted
from vedette.gateway.domain.pieces import LENGTHS, Step, steps
from vedette.gateway.domain.ratios import ratios
from vedette.gateway.domain.tally import Tally
from vedette.gateway.domain.uptime import WINDOWS, Span
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.problems import FieldError, bad_query, there
from vedette.gateway.reading import Query, read_id, read_query
from vedette.gateway.store import history, maintenance, monitors
from vedette.gateway.views.series import SeriesView, step_view
from vedette.store.pool import connection

MOST_STEPS = 2200
_HOURLY_UP_TO = WINDOWS["7d"]


class SeriesQuery(Query):
    """Which time, in which steps."""

    window: Literal["24h", "7d", "30d", "90d"] | None = Field(
        default=None, description="So long until now; 24h, if nothing else is said."
    )
    since: AwareDatetime | None = Field(default=None, description="The beginning of another range.")
    until: AwareDatetime | None = Field(
        default=None, description="The end of that range; now, if left out."
    )
    step: Literal["hour", "day"] | None = Field(
        default=None,
        description="How long a step is, in UTC; hour up to 7 days, and day for longer ranges.",
    )
    region: str | None = Field(
        default=None, max_length=100, description="Checks of this region only."
    )


async def show(call: Call) -> web.Response:
    """Show the history of a monitor in steps."""
    monitor = read_id(call.request, "monitor")
    query = read_query(call.request, SeriesQuery)
    now = datetime.now(UTC)
    starts, until, step = _asked(query, now)
    async with connection(call.pool) as db:
        row = there(await monitors.one(db, call.workspace, monitor), "monitor")
        spans = await history.spans_since(db, call.workspace, [monitor], starts[0])
        windows = await maintenance.windows_since(db, call.workspace, starts[0])
        found = await counted(
            db, call.workspace, monitor, since=starts[0], until=until, step=step,
            region=query.region,
        )  # fmt: skip
    bounds = list(pairwise([*starts, until]))
    whole, *uptimes = ratios(
        [(starts[0], until), *bounds],
        [Span(State(one["state"]), one["started_at"], one["ended_at"]) for one in spans],
        created_at=row["created_at"],
        sight=monitors.sight(row),
        maintenance=maintenance.stretches(windows, monitor, row["spec"]["tags"]),
    )
    return reply(
        {
            "monitor_id": str(monitor),
            "since": iso(to_ms(starts[0])),
            "until": iso(to_ms(until)),
            "step": step,
            "region": query.region,
            "total": step_view(starts[0], _tally(found), whole),
            "steps": list(_steps(bounds, found, uptimes)),
        }
    )


def _asked(query: SeriesQuery, now: datetime) -> tuple[Sequence[datetime], datetime, Step]:
    """When each step begins, when the last one ends, and how long they are."""
    if query.window is not None and (query.since is not None or query.until is not None):
        words = "give either a window or a range"
        raise bad_query([FieldError(field="window", message=words, rule="range")])
    until = now if query.until is None else min(history.storable(query.until), now)
    since = until - WINDOWS[query.window or "24h"]
    if query.since is not None:
        since = history.storable(query.since)
    if since >= until:
        words = "the range ends before it begins, or has not begun yet"
        raise bad_query([FieldError(field="since", message=words, rule="range")])
    step: Step = query.step or ("hour" if until - since <= _HOURLY_UP_TO else "day")
    if (until - since) / LENGTHS[step] > MOST_STEPS:
        words = f"there would be more than {MOST_STEPS} steps; take longer ones or a shorter range"
        raise bad_query([FieldError(field="step", message=words, rule="too_many")])
    return steps(since, until, step), until, step


def _steps(
    bounds: Iterable[tuple[datetime, datetime]],
    rollups: Iterable[Record],
    uptimes: Iterable[float | None],
) -> Iterator[dict[str, Any]]:
    waiting = sorted(rollups, key=itemgetter("at"), reverse=True)
    for (since, until), uptime in zip(bounds, uptimes, strict=True):
        tally = Tally()
        while waiting and waiting[-1]["at"] < until:
            tally.add(waiting.pop())
        yield step_view(since, tally, uptime)


def _tally(rollups: Iterable[Record]) -> Tally:
    tally = Tally()
    for row in rollups:
        tally.add(row)
    return tally


ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{PREFIX}/monitors/{{id}}/history", handle=show, query=SeriesQuery,
        summary="Show a monitor's uptime, outcomes and latency, by the hour or the day",
        answers={200: Answer("The history, in steps that follow one another.", (SeriesView,))},
    ),
)  # fmt: skip
