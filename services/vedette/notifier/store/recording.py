"""Writing down how attempts ended."""

from vedette.notifier.delivery import Claim, Sent
from vedette.store.pool import Connection

_NOTHING_TO_TELL = "not sent: the recipient was never told of it, or a later message says more"


class Recording:
    """Writing down how attempts ended. Each method says whether it changed anything."""

    def __init__(self, db: Connection, instance: str) -> None:
        self._db = db
        self._instance = instance

    async def sent(self, claim: Claim, outcome: Sent) -> bool:
        """Mark as sent. Whoever claims it by now, it was sent: only a settled row stays."""
        status = await self._db.execute(
            "update delivery set status = 'sent', sent_at = now(), provider_id = $2, error = null,"
            " claimed_by = null, next_attempt_at = null where id = $1 and status = 'pending'",
            claim.delivery.id,
            outcome.provider_id,
        )
        if claim.delivery.members:
            await self._end_members(claim, "sent", outcome.provider_id, None)
        return status == "UPDATE 1"

    async def _end_members(
        self, claim: Claim, status: str, provider_id: str | None, error: str | None
    ) -> None:
        """What becomes of a digest becomes of those that it tells of; the rest is skipped."""
        await self._db.execute(
            "update delivery set status = case when id = any($2::uuid[]) then $3"
            "  else 'skipped' end, sent_at = case when id = any($2) and $3 = 'sent' then now() end,"
            " provider_id = case when id = any($2) then $4 end,"
            " error = case when id = any($2) then $5 else $6 end"
            " where digest_id = $1 and status = 'pending'",
            claim.delivery.id,
            list(claim.delivery.told),
            status,
            provider_id,
            error,
            _NOTHING_TO_TELL,
        )

    async def since_decided_s(self, claim: Claim) -> float | None:
        """Seconds since the change of state that a message tells of was decided.

        None for messages that tell of no change of state, or whose incident waited for the end of
        a maintenance.
        """
        seconds: float | None = await self._db.fetchval(
            "select extract(epoch from clock_timestamp() - s.decided_at)::float8"
            " from incident i join span s on s.monitor_id = i.monitor_id"
            " where i.id = $1 and i.held is null and case $2"
            "  when 'opened' then s.sequence = i.opened_by"
            "  when 'resolved' then s.sequence > i.opened_by and s.started_at = i.recovered_at"
            " end order by s.sequence desc limit 1",
            claim.delivery.incident_id,
            claim.delivery.transition,
        )
        return seconds

    async def retry(self, claim: Claim, in_s: float, error: str, *, doubtful: bool) -> bool:
        """Let it come due again, if it is still ours."""
        status = await self._db.execute(
            "update delivery set next_attempt_at = now() + make_interval(secs => $4), error = $5,"
            " claimed_by = case when $6 then claimed_by end"
            " where id = $1 and claimed_by = $2 and attempts = $3 and status = 'pending'",
            claim.delivery.id,
            self._instance,
            claim.attempt,
            in_s,
            error,
            doubtful,
        )
        return status == "UPDATE 1"

    async def settle(self, claim: Claim, status: str, error: str) -> bool:
        """End it as failed or skipped, if it is still ours."""
        done = await self._db.execute(
            "update delivery set status = $4, error = $5, claimed_by = null,"
            " next_attempt_at = null"
            " where id = $1 and claimed_by = $2 and attempts = $3 and status = 'pending'",
            claim.delivery.id,
            self._instance,
            claim.attempt,
            status,
            error,
        )
        if done == "UPDATE 1" and claim.delivery.members:
            await self._end_members(claim, status, None, error)
        return done == "UPDATE 1"
