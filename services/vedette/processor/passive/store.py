"""The SQL of monitors that are told how their target is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vedette.core.grouping import Member
from vedette.core.instants import to_datetime, to_ms
from vedette.core.reporting import Report, Signal, Vigil
from vedette.core.state import State
from vedette.store.pool import Connection

MOST_ARRIVALS = 200
_BODIES_KEPT = 100


@dataclass(frozen=True, slots=True)
class Ward:
    """A monitor to look after, and what is remembered of it."""

    id: UUID
    workspace_id: UUID
    spec: dict[str, Any]
    revision: int
    active_since: int
    vigil: Vigil | None
    """None: never looked at."""
    known_revision: int
    known_since: int | None
    read_through: int


@dataclass(frozen=True, slots=True)
class Listening:
    """A time through which reports could come in."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report with its place in the order of all, and its body."""

    id: int
    report: Report
    body: bytes | None


_AWAKE = (
    "from (select monitor_id, bool_or(woken) as woken from ("
    " select monitor_id, false as woken from passive_monitor where wake_at <= $1"
    " union all select group_id, true from group_wake) either group by 1) due"
    " join passive_monitor p using (monitor_id) join monitor m on m.id = p.monitor_id"
    # Looked at again, for another processor may have looked after it meanwhile.
    " where (woken or p.wake_at <= $1) and not m.paused and m.deleted_at is null"
)


class PassiveStore:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def any_awake(self, now: int) -> bool:
        """Whether there may be monitors to look after."""
        found: bool = await self.db.fetchval(f"select exists (select {_AWAKE})", to_datetime(now))
        return found

    async def awake(self, now: int, limit: int) -> list[Ward]:
        """Monitors to look after now, locked; those that another processor has are left to it."""
        rows = await self.db.fetch(
            "select m.id, m.workspace_id, m.spec, m.revision, m.active_since, p.vigil,"
            " p.revision as known_revision, p.active_since as known_since, p.read_through, woken"
            f" {_AWAKE} order by woken desc, p.wake_at limit $2 for update of p skip locked",
            to_datetime(now),
            limit,
        )
        if woken := [row["id"] for row in rows if row["woken"]]:
            await self._begin(woken)
        return [_ward(row) for row in rows]

    async def _begin(self, groups: Sequence[UUID]) -> None:
        """Before their members are read: what changes from now on wakes these groups again."""
        await self.db.execute(
            "delete from group_wake w using monitor g where g.id = w.group_id"
            # Paused and deleted ones need nobody; a resumed one is woken for it.
            " and (g.id = any($1::uuid[]) or g.paused or g.deleted_at is not null)",
            groups,
        )

    async def arrivals(self, ward: Ward) -> list[Arrival]:
        """The next reports that were not read yet, in the order of their arrival."""
        rows = await self.db.fetch(
            "select id, at, signal, run, exit_status, message, duration_ms, body from report"
            " where monitor_id = $1 and id > $2 order by id limit $3",
            ward.id,
            ward.read_through,
            MOST_ARRIVALS,
        )
        return [_arrival(row) for row in rows]

    async def members(self, ward: Ward, ids: Sequence[UUID]) -> list[Member]:
        """The living ones of these monitors, with their states."""
        rows = await self.db.fetch(
            "select m.spec->>'name' as name, case when m.paused then 'paused'"
            " else coalesce(s.state, 'pending') end as state"
            " from monitor m left join monitor_state s on s.monitor_id = m.id"
            " where m.workspace_id = $1 and m.id = any($2::uuid[]) and m.deleted_at is null"
            " order by name",
            ward.workspace_id,
            list(ids),
        )
        return [Member(row["name"], State(row["state"])) for row in rows]

    async def listening(self) -> Listening:
        """Since when gateways have listened without a break, and until when."""
        row: Any = await self.db.fetchrow(
            "select since, coalesce((select max(seen_at) from gateway_instance), since) as until"
            " from listening"
        )
        return Listening(to_ms(row["since"]), to_ms(row["until"]))

    async def settle(
        self, ward: Ward, vigil: Vigil, *, read_through: int, wake_at: int | None
    ) -> None:
        """Remember how it stands, and when to look again."""
        await self.db.execute(
            "update passive_monitor set vigil = $2, read_through = $3, wake_at = $4,"
            " revision = $5, active_since = $6 where monitor_id = $1",
            ward.id,
            vigil.stored(),
            read_through,
            None if wake_at is None else to_datetime(wake_at),
            ward.revision,
            to_datetime(ward.active_since),
        )

    async def put_off(self, ward: Ward, *, until: int) -> None:
        """Look at it later."""
        await self.db.execute(
            "update passive_monitor set wake_at = $2 where monitor_id = $1",
            ward.id,
            to_datetime(until),
        )

    async def forget_reports(self, *, older_than_ms: int) -> None:
        """Drop old reports, and the bodies of all but the newest hundred of each monitor."""
        await self.db.execute("delete from report where at < $1", to_datetime(older_than_ms))
        await self.db.execute(
            "update report r set body = null from ("
            " select monitor_id, id, row_number() over (partition by monitor_id order by id desc)"
            " as rank from report where body is not null) ranked"
            " where r.monitor_id = ranked.monitor_id and r.id = ranked.id and ranked.rank > $1",
            _BODIES_KEPT,
        )


def _ward(row: Any) -> Ward:
    known_since, vigil = row["known_since"], row["vigil"]
    return Ward(
        id=row["id"],
        workspace_id=row["workspace_id"],
        spec=row["spec"],
        revision=row["revision"],
        active_since=to_ms(row["active_since"]),
        vigil=None if vigil is None else Vigil(**vigil),
        known_revision=row["known_revision"],
        known_since=None if known_since is None else to_ms(known_since),
        read_through=row["read_through"],
    )


def _arrival(row: Any) -> Arrival:
    return Arrival(
        row["id"],
        Report(
            at=to_ms(row["at"]),
            signal=Signal(row["signal"]),
            run=row["run"],
            exit_status=row["exit_status"],
            message=row["message"],
            duration_ms=row["duration_ms"],
        ),
        row["body"],
    )
