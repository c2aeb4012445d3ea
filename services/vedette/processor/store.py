"""The processor's SQL: set-based, one statement for a whole batch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from vedette.core.events import Cause
from vedette.core.instants import to_datetime
from vedette.core.outcome import Outcome
from vedette.core.result import Result
from vedette.processor.domain import Standing, Transition
from vedette.processor.rows import Watched, at, stored, watched
from vedette.store.pool import Connection
from vedette.store.waking import REPORTS

Key = tuple[UUID, int]
"""A monitor and a slot."""


class Store:
    """Statements inside one transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db

    async def insert_checks(self, region: str, results: Sequence[Result]) -> set[Key]:
        """Keep the results that are new; says which those are.

        Sorted, so that two transactions with the same checks can't lock each other out.
        """
        rows = sorted(results, key=lambda result: (result.monitor_id, result.slot))
        new = await self.db.fetch(
            "insert into check_result (monitor_id, slot, region, outcome, reason, message,"
            " revision, started_at, duration_ms, detail)"
            " select m, s, $2, o, r, t, v, b, d, x from unnest($1::uuid[], $3::timestamptz[],"
            " $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[], $9::real[],"
            " $10::jsonb[]) as u (m, s, o, r, t, v, b, d, x)"
            " on conflict do nothing returning monitor_id, slot",
            [result.monitor_id for result in rows],
            region,
            [to_datetime(result.slot) for result in rows],
            [result.outcome for result in rows],
            [result.reason for result in rows],
            [result.message for result in rows],
            [result.revision for result in rows],
            [at(result.started_at) for result in rows],
            [result.duration_ms for result in rows],
            [_detail(result) for result in rows],
        )
        ms = {to_datetime(result.slot): result.slot for result in rows}
        return {(row["monitor_id"], ms[row["slot"]]) for row in new}

    async def discount(self, region: str, results: Sequence[Result], why: str) -> None:
        """Keep with checks that they had no say, and why."""
        slots = [to_datetime(result.slot) for result in results]
        if slots:
            await self.db.execute(
                "update check_result c set no_say = $4"
                " from unnest($1::uuid[], $2::timestamptz[]) as d (m, s)"
                " where c.monitor_id = d.m and c.slot = d.s and c.region = $3"
                " and c.slot >= $5 and c.slot <= $6",
                [result.monitor_id for result in results],
                slots,
                region,
                why,
                min(slots),
                max(slots),
            )

    async def insert_evidence(self, region: str, results: Sequence[Result]) -> None:
        """Keep what failing targets answered."""
        shown = [result for result in results if result.evidence is not None]
        if shown:
            await self.db.execute(
                "insert into check_evidence (monitor_id, slot, region, evidence)"
                " select m, s, $2, e from unnest($1::uuid[], $3::timestamptz[], $4::jsonb[])"
                " as u (m, s, e) on conflict do nothing",
                [result.monitor_id for result in shown],
                region,
                [to_datetime(result.slot) for result in shown],
                [result.evidence and result.evidence.model_dump() for result in shown],
            )

    async def lock(self, monitors: Sequence[UUID]) -> list[Watched]:
        """The living ones of these monitors, their states locked in the order of their ids."""
        rows = await self.db.fetch(
            "select s.*, m.spec, m.target, m.revision, m.paused, m.active_since"
            " from monitor_state s join monitor m on m.id = s.monitor_id"
            " where s.monitor_id = any($1::uuid[]) and m.deleted_at is null"
            " order by s.monitor_id for update of s",
            list(monitors),
        )
        return [watched(row) for row in rows]

    async def unbegun(self, monitors: Collection[str]) -> list[UUID]:
        """The living ones of these monitors that have no state yet."""
        if not monitors:
            return []
        rows = await self.db.fetch(
            "select id from monitor m where id = any($1::uuid[]) and deleted_at is null"
            " and not exists (select from monitor_state s where s.monitor_id = m.id)",
            list(monitors),
        )
        return [row["id"] for row in rows]

    async def begin(self, monitors: Sequence[UUID]) -> None:
        """Give monitors that have none their first state: pending, since they were made."""
        await self.db.execute(
            "with new as ("
            " insert into monitor_state (monitor_id, workspace_id, state, since, sequence,"
            " judged_revision)"
            " select id, workspace_id, 'pending', created_at, 1, revision from monitor"
            " where id = any($1::uuid[]) and deleted_at is null order by id"
            " on conflict do nothing returning monitor_id, workspace_id, since)"
            " insert into span (monitor_id, sequence, workspace_id, state, started_at, decided_at)"
            " select monitor_id, 1, workspace_id, 'pending', since, now() from new",
            list(monitors),
        )

    async def save(
        self,
        standings: Mapping[UUID, Standing],
        last_checks: Mapping[UUID, dict[str, Any]],
        causes: Mapping[UUID, Cause | None],
    ) -> None:
        """Write the new standings, and the last checks and causes that are new."""
        values = list(standings.values())
        await self.db.execute(
            "update monitor_state s set state = u.st, since = u.si, sequence = u.sq,"
            " verdict = u.ve, failures = u.fa, successes = u.su, run_since = u.ru, round = u.ro,"
            " last_vote = u.lv, recheck = u.re, judged_revision = u.jr,"
            " last_check = coalesce(u.lc, s.last_check),"
            " cause = case when u.ch then u.ca else s.cause end"
            " from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[],"
            " $6::int[], $7::int[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],"
            " $11::timestamptz[], $12::bigint[], $13::jsonb[], $14::boolean[], $15::jsonb[])"
            " as u (id, st, si, sq, ve, fa, su, ru, ro, lv, re, jr, lc, ch, ca)"
            " where s.monitor_id = u.id",
            list(standings),
            [value.state for value in values],
            [to_datetime(value.since) for value in values],
            [value.sequence for value in values],
            [value.verdict for value in values],
            [value.failures for value in values],
            [value.successes for value in values],
            [at(value.run_since) for value in values],
            [at(value.round) for value in values],
            [at(value.last_vote) for value in values],
            [at(value.recheck) for value in values],
            [value.revision for value in values],
            [last_checks.get(monitor) for monitor in standings],
            [monitor in causes for monitor in standings],
            [stored(causes.get(monitor)) for monitor in standings],
        )

    async def append_spans(self, changes: Sequence[tuple[Watched, Transition]], now: int) -> None:
        """End the spans that the changes end, and start those they start."""
        if not changes:
            return
        ends = {(who.monitor.id, change.sequence - 1): change.since for who, change in changes}
        started = [(who.monitor.id, change.sequence) for who, change in changes]
        ended = ends.keys() - set(started)
        await self.db.execute(
            "with ended as (update span set ended_at = u.e"
            " from unnest($9::uuid[], $10::bigint[], $11::timestamptz[]) as u (m, q, e)"
            " where monitor_id = u.m and sequence = u.q)"
            " insert into span (monitor_id, sequence, workspace_id, state, started_at, ended_at,"
            " cause, decided_at) select u.*, $8 from unnest($1::uuid[], $2::bigint[], $3::uuid[],"
            " $4::text[], $5::timestamptz[], $6::timestamptz[], $7::jsonb[]) as u",
            [monitor for monitor, _ in started],
            [sequence for _, sequence in started],
            [who.workspace_id for who, _ in changes],
            [change.state for _, change in changes],
            [to_datetime(change.since) for _, change in changes],
            [at(ends.get(key)) for key in started],
            [stored(change.cause) for _, change in changes],
            to_datetime(now),
            [monitor for monitor, _ in ended],
            [sequence for _, sequence in ended],
            [to_datetime(ends[key]) for key in ended],
        )

    async def wake_groups(self, members: Sequence[UUID]) -> None:
        """Have the groups that these monitors belong to summed up anew.

        Whoever looks after a group has it locked, and needs states next, as are locked here: so
        this waits for nobody.
        """
        if members:
            woken = await self.db.fetch(
                "insert into group_wake (group_id)"
                " select p.monitor_id from passive_monitor p join monitor g on g.id = p.monitor_id"
                " where g.deleted_at is null and g.spec->>'kind' = 'group'"
                " and g.spec->'target'->'members' ?| $1::text[] returning group_id",
                [str(member) for member in members],
            )
            if woken:
                await self.db.execute(f"notify {REPORTS}")

    async def look(self, now: int, limit: int) -> list[Watched] | None:
        """Monitors of which it is to be seen whether they are still seen, locked. None: no more.

        Each is looked at again when its last vote will be too old, should no other one come. Other
        processors' are left to them.
        """
        rows = await self.db.fetch(
            "with due as (select monitor_id from monitor_state where look_at <= $1"
            "  order by look_at limit $2 for update skip locked)"
            " update monitor_state s set look_at = case"
            "  when m.deleted_at is not null or m.passive then 'infinity'"
            "  when s.last_vote + t.patience > $1 then s.last_vote + t.patience"
            "  else $1 + t.patience end"
            " from due, monitor m, lateral (select make_interval(secs => 0.001"
            "  + 3 * (m.spec->>'interval_s')::int + (m.spec->>'timeout_s')::float8) as patience) t"
            " where s.monitor_id = due.monitor_id and m.id = due.monitor_id"
            " returning s.*, m.spec, m.target, m.revision, m.paused, m.active_since, m.deleted_at",
            to_datetime(now),
            limit,
        )
        return [watched(row) for row in rows if row["deleted_at"] is None] if rows else None

    async def look_soon(self, monitors: Sequence[UUID]) -> None:
        """Have monitors looked at that may have to be seen more often now; they are locked."""
        await self.db.execute(
            "update monitor_state set look_at = '-infinity' where monitor_id = any($1::uuid[])",
            list(monitors),
        )


def _detail(result: Result) -> dict[str, Any] | None:
    detail: dict[str, Any] = {}
    if result.phases:
        detail["phases"] = result.phases
    if result.facts:
        detail["facts"] = result.facts
    if result.hops and result.outcome is not Outcome.UP:  # a good check's way is no news
        detail["hops"] = [hop.model_dump(exclude_none=True) for hop in result.hops]
    return detail or None
