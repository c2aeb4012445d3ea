"""What is left of a clock that was put back: instants that are yet to come.

A machine that starts an hour or two ahead (its own clock at local time, say) and is put right then
would be deaf until that time: each check comes before the last one that was judged, and nothing is
too old to be claimed. So what was dated ahead is taken as if it had happened just now.
"""

import structlog

from vedette.core.instants import AHEAD_MS, to_datetime, to_ms
from vedette.store.clock import now_ms
from vedette.store.pool import Connection, Pool, transaction

log = structlog.get_logger()

_STATES = """
with ahead as (
    update monitor_state set look_at = '-infinity',
        since = case when since > $2 then $1 else since end,
        round = case when round > $2 then $1 else round end,
        last_vote = case when last_vote > $2 then $1 else last_vote end,
        run_since = case when run_since > $2 then $1 else run_since end,
        recheck = case when recheck <= $2 then recheck end
    where greatest(since, round, last_vote) > $2 returning monitor_id),
spans as (
    update span s set
        started_at = case when s.started_at > $2 then $1 else s.started_at end,
        ended_at = case when s.ended_at > $2 then $1 else s.ended_at end
    from ahead where s.monitor_id = ahead.monitor_id
        and greatest(s.started_at, s.ended_at) > $2),
incidents as (
    update incident i set
        since = case when i.since > $2 then $1 else i.since end,
        opened_at = case when i.opened_at > $2 then $1 else i.opened_at end,
        reminded_at = case when i.reminded_at > $2 then $1 else i.reminded_at end
    from ahead where i.monitor_id = ahead.monitor_id and i.resolved_at is null)
select count(*) from ahead"""
_VIGILS = """
update passive_monitor set wake_at = '-infinity', vigil = vigil || jsonb_build_object(
    'since', case when (vigil->>'since')::bigint > $2 then $1 else (vigil->>'since')::bigint end,
    'last_slot', least((vigil->>'last_slot')::bigint, $1),
    'runs', '{}'::jsonb)
where greatest((vigil->>'last_slot')::bigint, (vigil->>'since')::bigint) > $2"""


class PutBack:
    """Looks at the start, and whenever the clock is put back while this process runs."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._looked_at: int | None = None

    async def look(self) -> None:
        """Mend what is dated ahead, if there may be anything. Raises Transient."""
        now = now_ms()
        if self._looked_at is None or now < self._looked_at - AHEAD_MS:
            async with transaction(self._pool) as db:
                # By the database's clock: ours may not have been set by it yet.
                await mend(db, to_ms(await db.fetchval("select clock_timestamp()")))
        self._looked_at = now


async def mend(db: Connection, now: int) -> None:
    """Take what is dated after `now` as if it had happened then."""
    at, ahead = to_datetime(now), to_datetime(now + AHEAD_MS)
    states: int = await db.fetchval(_STATES, at, ahead)
    await db.execute("update monitor set active_since = $1 where active_since > $2", at, ahead)
    await db.execute(_VIGILS, now, now + AHEAD_MS)
    await db.execute("delete from open_round where slot > $1", ahead)
    await db.execute(
        "update region_health set looked_at = $1, looks_so_since = least(looks_so_since, $1),"
        " results_at = null where looked_at > $2",
        at,
        ahead,
    )
    await db.execute("delete from prober where seen_at > $1", ahead)
    if states:
        log.warning("the clock was put back: what it dated ahead counts as of now", states=states)
