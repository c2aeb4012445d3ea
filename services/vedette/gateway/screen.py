"""What the status screen shows, gathered from a few queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from vedette.core.events import Cause
from vedette.core.instants import to_datetime, to_ms
from vedette.core.maintenance import MaintenanceSpec
from vedette.core.outcome import Reason
from vedette.core.state import State
from vedette.core.windows import window_at
from vedette.gateway.domain.overview import Headline, Standing, Watched, headline
from vedette.gateway.domain.ratios import ratios
from vedette.gateway.domain.uptime import WINDOWS, Span
from vedette.gateway.standings import read_page, read_standings
from vedette.gateway.store import history, incidents, maintenance, monitors, overview, probers
from vedette.gateway.views.common import CheckSummary
from vedette.store.maintenance import read_maintenance
from vedette.store.pool import Connection

_DAY, _WEEK = WINDOWS["24h"], WINDOWS["7d"]
_INCIDENTS = 50


@dataclass(frozen=True, slots=True)
class Maintained:
    """A maintenance that goes on: alerts wait until its end."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One monitor on the screen."""

    name: str
    target: str
    standing: Standing
    last_check: CheckSummary | None
    uptime_day: float | None
    uptime_week: float | None
    maintenance: Maintained | None


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One open incident on the screen."""

    name: str
    since: datetime
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class UnhealthyRegion:
    """A region that can't check its monitors."""

    name: str
    since: datetime
    message: str
    monitors: int


@dataclass(frozen=True, slots=True)
class Screen:
    """The whole screen. `blind` when none of the monitors was seen for a while; then `last_seen`
    says when one was."""

    now: datetime
    headline: Headline
    lines: list[Line]
    """Those of this page."""
    page: int
    pages: int
    incidents: list[OpenIncident]
    open_incidents: int
    """All of them; of many only the newest are in `incidents`."""
    unhealthy: list[UnhealthyRegion]
    blind: bool
    last_seen: datetime | None

    @property
    def more_incidents(self) -> int:
        """How many are open beside those that are shown."""
        return max(self.open_incidents - len(self.incidents), 0)


@dataclass(frozen=True, slots=True)
class _Upkeep:
    """A workspace's maintenance: windows as they were written down, and what goes on now."""

    windows: list[Record]
    going: list[tuple[MaintenanceSpec, Maintained]]


async def read_screen(db: Connection, workspace: UUID, now: datetime, page: int) -> Screen:
    """Everything at a glance, as of now; of the monitors one page, or the last if they are less."""
    async with db.transaction(isolation="repeatable_read", readonly=True):
        standings = await read_standings(db, workspace, now)
        page = min(page, standings.pages)
        shown = await read_page(db, workspace, standings, page, now)
        spans = await _spans(db, workspace, [one.id for one, _ in shown], now - _WEEK)
        upkeep = _Upkeep(
            await maintenance.windows_since(db, workspace, now - _WEEK),
            await going_on(db, workspace, now),
        )
        opened = await incidents.page(
            db, workspace, is_open=True, monitor=None, before=None, limit=_INCIDENTS
        )
        states = {state for state, count in standings.counts.items() if count}
        blind = State.UNKNOWN in states and states <= {State.UNKNOWN, State.PAUSED}
        return Screen(
            now=now,
            headline=headline(standings.counts),
            lines=[_line(one, row, spans[one.id], upkeep, now) for one, row in shown],
            page=page,
            pages=standings.pages,
            incidents=[_incident(row) for row in opened],
            open_incidents=await incidents.count_open(db, workspace),
            unhealthy=[
                UnhealthyRegion(row["region"], row["since"], row["message"], row["monitors"])
                for row in await probers.unhealthy(db, workspace)
            ],
            blind=blind,
            last_seen=await overview.last_seen(db, workspace) if blind else None,
        )


async def going_on(
    db: Connection, workspace: UUID, now: datetime
) -> list[tuple[MaintenanceSpec, Maintained]]:
    """The maintenance that goes on, what lasts longest first."""
    found = []
    for row in await maintenance.not_over(db, workspace):
        spec = read_maintenance(row)
        if spec is not None and (window := window_at(spec, to_ms(now))) is not None:
            found.append((spec, Maintained(spec.name, to_datetime(window.end))))
    return sorted(found, key=lambda one: one[1].until, reverse=True)


async def _spans(
    db: Connection, workspace: UUID, ids: list[UUID], since: datetime
) -> dict[UUID, list[Span]]:
    found: dict[UUID, list[Span]] = defaultdict(list)
    for row in await history.spans_since(db, workspace, ids, since):
        span = Span(State(row["state"]), row["started_at"], row["ended_at"])
        found[row["monitor_id"]].append(span)
    return found


def _line(
    one: Watched,
    row: Record,
    spans: list[Span],
    upkeep: _Upkeep,
    now: datetime,
) -> Line:
    tags = row["spec"]["tags"]
    uptime_day, uptime_week = ratios(
        [(now - _DAY, now), (now - _WEEK, now)],
        spans,
        created_at=row["created_at"],
        sight=monitors.sight(row),
        maintenance=maintenance.stretches(upkeep.windows, one.id, tags),
    )
    last = row["last_check"]
    return Line(
        name=one.name,
        target=row["target"],
        standing=one.standing,
        last_check=None if last is None else CheckSummary.model_validate(last),
        uptime_day=uptime_day,
        uptime_week=uptime_week,
        maintenance=next((said for spec, said in upkeep.going if spec.covers(one.id, tags)), None),
    )


def _incident(row: Record) -> OpenIncident:
    return OpenIncident(row["name"], row["since"], Cause.model_validate(row["cause"]).reason)
