"""A monitor's history: checks, state, spans, uptime."""

from datetime import UTC, datetime

from aiohttp import web
from pydantic import AwareDatetime, Field

from vedette.core.outcome import Outcome
from vedette.core.state import State
from vedette.gateway.context import Call
from vedette.gateway.counting import tallies
from vedette.gateway.domain import cursors
from vedette.gateway.domain.uptime import WINDOWS, Span, uptime
from vedette.gateway.endpoint import PREFIX, Answer, Endpoint, reply
from vedette.gateway.paging import Order, PageQuery
from vedette.gateway.problems import FieldError, bad_query, not_found, there
from vedette.gateway.reading import Query, read_id, read_query
from vedette.gateway.store import history, maintenance, monitors
from vedette.gateway.views.history import (
    CheckView,
    SpanView,
    StateView,
    UptimesView,
    check_view,
    span_view,
    state_view,
    uptime_view,
)
from vedette.store.pool import connection

_NO_SPAN = 2**62
_CHECKS = Order(("slot", "region"), cursors.decode_slot)
_SPANS = Order(("sequence",), cursors.decode_number)


class CheckQuery(PageQuery):
    """Which checks to list."""

    since: AwareDatetime = Field(default=history.FIRST, description="The earliest slot.")
    until: AwareDatetime = Field(default=history.LAST, description="Slots before this instant.")
    outcome: Outcome | None = None
    evidence: bool = Field(default=False, description="With what failing targets answered.")


class UptimeQuery(Query):
    """Which time is meant."""

    since: AwareDatetime | None = Field(
        default=None, description="The beginning of one range, in place of the usual windows."
    )
    until: AwareDatetime | None = Field(
        default=None, description="The end of the range, or of the windows; now, if left out."
    )


async def checks(call: Call) -> web.Response:
    """List the checks of a monitor."""
    monitor = read_id(call.request, "monitor")
    query = read_query(call.request, CheckQuery)
    wanted = history.Checks(
        since=history.storable(query.since),
        until=history.storable(query.until),
        outcome=query.outcome,
        evidence=query.evidence,
        after=_CHECKS.start(query) or (history.LAST, ""),
        limit=query.rows,
    )
    async with connection(call.pool) as db:
        if not await monitors.exists(db, call.workspace, monitor):
            raise not_found("monitor")
        now = datetime.now(UTC)
        rows = await history.checks(db, call.workspace, monitor, wanted, now=now)
    return _CHECKS.page(rows, query, check_view)


async def state(call: Call) -> web.Response:
    """Show how a monitor stands."""
    monitor = read_id(call.request, "monitor")
    async with connection(call.pool) as db:
        row = there(await monitors.one(db, call.workspace, monitor), "monitor")
        standing = await history.standing(db, call.workspace, monitor)
    return reply(state_view(row, standing))


async def spans(call: Call) -> web.Response:
    """List the spans of a monitor."""
    monitor = read_id(call.request, "monitor")
    query = read_query(call.request, PageQuery)
    before = _SPANS.start(query)
    async with connection(call.pool) as db:
        if not await monitors.exists(db, call.workspace, monitor):
            raise not_found("monitor")
        rows = await history.spans(
            db,
            call.workspace,
            monitor,
            before=_NO_SPAN if before is None else before,
            limit=query.rows,
        )
    return _SPANS.page(rows, query, span_view)


async def uptimes(call: Call) -> web.Response:
    """Show the uptime of a monitor over several windows, or over one range."""
    monitor = read_id(call.request, "monitor")
    now = datetime.now(UTC)
    until, begins = _windows(read_query(call.request, UptimeQuery), now)
    async with connection(call.pool) as db:
        row = there(await monitors.one(db, call.workspace, monitor), "monitor")
        first = min(begins.values())
        rows = await history.spans_since(db, call.workspace, [monitor], first)
        windows = await maintenance.windows_since(db, call.workspace, first)
        counts = await tallies(db, call.workspace, monitor, begins, until=until)
    found = [Span(State(r["state"]), r["started_at"], r["ended_at"]) for r in rows]
    sight = monitors.sight(row)
    apart = maintenance.stretches(windows, monitor, row["spec"]["tags"])
    views = {
        name: uptime_view(
            uptime(
                found,
                window=until - begin,
                created_at=row["created_at"],
                sight=sight,
                now=until,
                maintenance=apart,
            ),
            counts[name],
        )
        for name, begin in begins.items()
    }
    return reply(UptimesView(monitor_id=monitor, until=until, windows=views))


def _windows(query: UptimeQuery, now: datetime) -> tuple[datetime, dict[str, datetime]]:
    """Where all windows end, and where each begins. Nothing is known of what is to come."""
    until = now if query.until is None else min(history.storable(query.until), now)
    if query.since is None:
        return until, {name: until - length for name, length in WINDOWS.items()}
    since = history.storable(query.since)
    if since >= until:
        words = "the range ends before it begins, or has not begun yet"
        raise bad_query([FieldError(field="since", message=words, rule="range")])
    return until, {"range": since}


_OF = f"{PREFIX}/monitors/{{id}}"

ENDPOINTS = (
    Endpoint(
        method="GET", path=f"{_OF}/checks", handle=checks, query=CheckQuery,
        summary="List the checks of a monitor, newest first",
        answers={200: Answer("A page of checks.", (CheckView,), listed=True)},
    ),
    Endpoint(
        method="GET", path=f"{_OF}/state", handle=state, summary="Show how a monitor stands",
        answers={200: Answer("Its state, and why.", (StateView,))},
    ),
    Endpoint(
        method="GET", path=f"{_OF}/spans", handle=spans, query=PageQuery,
        summary="List the spans of a monitor, newest first",
        answers={200: Answer("A page of spans.", (SpanView,), listed=True)},
    ),
    Endpoint(
        method="GET", path=f"{_OF}/uptime", handle=uptimes, query=UptimeQuery,
        summary="Show a monitor's uptime over the usual windows, or over one range",
        answers={200: Answer("Exact times in each state, by window.", (UptimesView,))},
    ),
)  # fmt: skip
