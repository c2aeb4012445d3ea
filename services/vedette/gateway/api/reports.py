"""Reports: results that are handed in, and what came in of jobs and results."""

from aiohttp import web
from pydantic import ValidationError

from vedette.core.instants import to_datetime
from vedette.core.reporting import Report, Signal
from vedette.gateway.context import Call
from vedette.gateway.domain import cursors
from vedette.gateway.endpoint import PREFIX, Answer, Body, Endpoint, reply
from vedette.gateway.invalid import field_errors
from vedette.gateway.paging import Order, PageQuery
from vedette.gateway.pings import whence
from vedette.gateway.problems import Problem, invalid, not_found, there
from vedette.gateway.reading import read_id, read_object, read_query
from vedette.gateway.store import monitors, reports
from vedette.gateway.views.reports import ReportView, ResultIn, ResultTaken, report_view
from vedette.store.clock import now_ms
from vedette.store.pool import connection, transaction

_ORDER = Order(("id",), cursors.decode_number)


async def hand_in(call: Call) -> web.Response:
    """Take a result."""
    at = now_ms()
    try:
        result = ResultIn.model_validate(await read_object(call.request))
    except ValidationError as error:
        raise invalid(field_errors(error, ResultIn)) from None
    report = Report(
        at, Signal(result.outcome), message=result.message, duration_ms=result.duration_ms
    )
    async with transaction(call.pool) as db:
        found = await monitors.one(db, call.workspace, read_id(call.request, "monitor"))
        row = there(found, "monitor")
        if row["spec"]["kind"] != "push":
            raise _conflict(f"monitors of kind {row['spec']['kind']} take no results, push does")
        if row["paused"]:
            raise _conflict("the monitor is paused; resume it first")
        await reports.put(db, row["id"], report, whence(call.request))
    return reply(ResultTaken(at=to_datetime(at)), status=202)


async def listing(call: Call) -> web.Response:
    """List reports."""
    query = read_query(call.request, PageQuery)
    before = _ORDER.start(query)
    monitor = read_id(call.request, "monitor")
    async with connection(call.pool) as db:
        if not await monitors.exists(db, call.workspace, monitor):
            raise not_found("monitor")
        rows = await reports.page(db, monitor, before=before, limit=query.rows)
    return _ORDER.page(rows, query, report_view)


def _conflict(why: str) -> Problem:
    return Problem(409, why, kind="conflict")


_OF = f"{PREFIX}/monitors/{{id}}"

ENDPOINTS = (
    Endpoint(
        method="POST", path=f"{_OF}/results", handle=hand_in,
        summary="Hand in a result for a monitor of kind push",
        body=Body(
            (ResultIn,),
            examples={"down": {"outcome": "down", "message": "disk full", "duration_ms": 12.5}},
        ),
        answers={202: Answer("It was taken in.", (ResultTaken,))},
        problems=(409,),
    ),
    Endpoint(
        method="GET", path=f"{_OF}/reports", handle=listing, query=PageQuery,
        summary="List what was reported to a monitor of kind heartbeat or push, newest first",
        answers={200: Answer("A page of reports.", (ReportView,), listed=True)},
    ),
)  # fmt: skip
