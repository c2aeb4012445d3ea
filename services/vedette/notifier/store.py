"""What the notifier keeps: deliveries. One method, one query."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vedette.notifier.delivery import Claim, Delivery, Sent
from vedette.notifier.storm import Member, Storm, digest_id, digest_of
from vedette.store.pool import Connection

WAKE = "vedette_delivery"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is stored."""

    id: UUID
    kind: str
    sealed_config: bytes


class Planning:
    """Writing deliveries, in the transaction of the event that causes them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    async def lock_incident(self, incident_id: UUID) -> None:
        """One transition of an incident at a time, whichever notifiers have them."""
        await self._db.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))", str(incident_id)
        )

    async def forget_event(self, event_id: UUID) -> None:
        """Let an event be handled again."""
        await self._db.execute(
            "delete from inbox where consumer = 'notifier' and event_id = $1", event_id
        )

    async def channels(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Channel]:
        """Those of the channels that exist in the workspace."""
        rows = await self._db.fetch(
            "select id, kind, sealed_config from channel"
            " where workspace_id = $1 and id = any($2::uuid[]) and deleted_at is null"
            " order by id",
            workspace_id,
            ids,
        )
        return [Channel(**row) for row in rows]

    async def recipients(self, incident_id: UUID, transition: str) -> list[tuple[UUID, str, str]]:
        """Channel, kind and recipient of an incident's deliveries for a transition."""
        rows = await self._db.fetch(
            "select channel_id, kind, recipient from delivery"
            " where incident_id = $1 and transition = $2",
            incident_id,
            transition,
        )
        return [(row["channel_id"], row["kind"], row["recipient"]) for row in rows]

    async def add(self, deliveries: Sequence[Delivery], *, digest: UUID | None = None) -> None:
        """Write deliveries that are due at once, or are told of in a digest.

        Those that exist are left as they are.
        """
        await self._db.executemany(
            "insert into delivery (id, workspace_id, incident_id, channel_id, kind, recipient,"
            " transition, lane, event, number, region, digest_id, next_attempt_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
            " case when $12::uuid is null then now() end)"
            " on conflict do nothing",
            [
                (d.id, d.workspace_id, d.incident_id, d.channel_id, d.kind, d.recipient,
                 d.transition, d.lane, d.event, d.number, d.region, digest)
                for d in deliveries
            ],
        )  # fmt: skip

    async def missing(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Those of the deliveries that aren't written yet."""
        rows = await self._db.fetch(
            "select id from delivery where id = any($1::uuid[])", [d.id for d in deliveries]
        )
        there = {row["id"] for row in rows}
        return [delivery for delivery in deliveries if delivery.id not in there]

    async def lock_recipients(self, deliveries: Sequence[Delivery]) -> None:
        """One notifier at a time decides for a recipient; in order, so that none wait in a ring."""
        keys = sorted({f"{d.channel_id} {d.recipient}" for d in deliveries})
        for key in keys:
            await self._db.execute("select pg_advisory_xact_lock(hashtextextended($1, 1))", key)

    async def told_lately(self, deliveries: Sequence[Delivery], storm: Storm) -> list[int]:
        """Of how many incidents each recipient was told in the window; counted to the threshold."""
        rows = await self._db.fetch(
            "select (select count(*) from (select from delivery d"
            "  where d.channel_id = k.c and d.recipient = k.r and d.transition = k.t"
            "  and d.incident_id is not null"
            "  and d.created_at > now() - make_interval(secs => $4) limit $5) lately) as told"
            " from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as k (c, r, t, n)"
            " order by n",
            [d.channel_id for d in deliveries],
            [d.recipient for d in deliveries],
            [d.transition for d in deliveries],
            storm.window_s,
            storm.threshold,
        )
        return [row["told"] for row in rows]

    async def gather(self, delivery: Delivery, storm: Storm) -> None:
        """Write a delivery that the recipient's digest tells of.

        The digest takes it in for as long as nobody has tried to send it; else there is another.
        """
        digest = await self._db.fetchval(
            "insert into delivery as d (id, workspace_id, channel_id, kind, recipient, transition,"
            " lane, event, members, next_attempt_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, '{}', 1, now() + make_interval(secs => $8))"
            " on conflict (channel_id, recipient, transition)"
            " where members > 0 and members < 500 and attempts = 0 and status = 'pending'"
            " do update set members = d.members + 1, next_attempt_at ="
            "  least(d.created_at + make_interval(secs => $9), excluded.next_attempt_at)"
            " returning id",
            digest_id(delivery),
            delivery.workspace_id,
            delivery.channel_id,
            delivery.kind,
            delivery.recipient,
            delivery.transition,
            delivery.lane,
            min(storm.quiet_s, storm.window_s),
            storm.window_s,
        )
        await self.add([delivery], digest=digest)

    async def wake(self) -> None:
        """Tell the dispatchers, once the transaction commits."""
        await self._db.execute(f"notify {WAKE}")


class Claiming:
    """Taking due deliveries."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    async def due_lanes(self) -> list[str]:
        """Lanes with something due, the one that waits longest first."""
        rows = await self._db.fetch(
            "select lane from delivery where status = 'pending' and next_attempt_at <= now()"
            " and digest_id is null group by lane order by min(next_attempt_at)"
        )
        return [row["lane"] for row in rows]

    async def claim(
        self,
        places: Mapping[str, int],
        *,
        instance: str,
        lease_s: float,
        except_for: Collection[UUID],
    ) -> list[Claim]:
        """Take due deliveries, as many from each lane as it has places.

        A claim that is never answered for comes due again when its lease runs out. One whose
        `claimed_by` was left standing may have been accepted: that makes it doubtful.
        """
        rows = await self._db.fetch(
            _CLAIM, list(places), list(places.values()), instance, lease_s, list(except_for)
        )
        members = await self._members([row["id"] for row in rows if row["members"]])
        return [_claim(row, members.get(row["id"], [])) for row in rows]

    async def _members(self, digests: Sequence[UUID]) -> dict[UUID, list[Member]]:
        """What digests tell of, in the order in which it was written."""
        if not digests:
            return {}
        found: dict[UUID, list[Member]] = {digest: [] for digest in digests}
        for row in await self._db.fetch(_MEMBERS, list(digests)):
            member = Member(
                id=row["id"], event=row["event"], opened=row["opened"], outdated=row["outdated"]
            )
            found[row["digest_id"]].append(member)
        return found

    async def next_due_s(self) -> float | None:
        """Seconds until the next delivery comes due; None if none is waiting for its time."""
        seconds: float | None = await self._db.fetchval(
            "select extract(epoch from min(next_attempt_at) - now())::float8 from delivery"
            " where status = 'pending' and next_attempt_at > now()"
        )
        return seconds

    async def pending(self, at_most: int) -> int:
        """How many deliveries are not settled."""
        count: int = await self._db.fetchval(
            "select count(*) from"
            " (select from delivery where status = 'pending' limit $1) as waiting",
            at_most,
        )
        return count


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


_NOTHING_TO_TELL = "not sent: the recipient was never told of it, or a later message says more"

# A resolution or a reminder waits for its opening, row by row, and a resolution for a reminder that
# is being sent; a digest waits for the openings of all that it tells of. A reminder is outdated
# once another one, or the end, is there to be told.
# `materialized` keeps the planner from locking more rows than the lanes have places for.
_CLAIM = """
with due as materialized (
    select found.id, found.claimed_by is not null as doubtful
    from unnest($1::text[], $2::int[]) as room (lane, places)
    cross join lateral (
        select d.id, d.claimed_by
        from delivery d
        where d.status = 'pending' and d.lane = room.lane and d.next_attempt_at <= now()
            and d.digest_id is null and d.id <> all ($5::uuid[])
            and not exists (
                select from delivery before
                where d.transition in ('reminder', 'resolved', 'recovered')
                    and before.incident_id = d.incident_id
                    and before.channel_id = d.channel_id and before.recipient = d.recipient
                    and before.status = 'pending'
                    and (before.transition in ('opened', 'unhealthy')
                        or (d.transition = 'resolved' and before.transition = 'reminder'
                            and (before.claimed_by is not null or exists (
                                select from delivery digest where digest.id = before.digest_id
                                    and digest.claimed_by is not null)))))
            and not (d.members > 0 and d.transition in ('reminder', 'resolved') and exists (
                select from delivery member
                join delivery before on before.incident_id = member.incident_id
                    and before.channel_id = member.channel_id
                    and before.recipient = member.recipient
                where member.digest_id = d.id and before.transition = 'opened'
                    and before.status = 'pending'))
        order by d.next_attempt_at
        limit room.places
        for update of d skip locked
    ) found
),
claimed as (
    update delivery d
    set claimed_by = $3, attempts = d.attempts + 1,
        next_attempt_at = now() + make_interval(secs => $4)
    from due where d.id = due.id
    returning d.*, due.doubtful
)
select claimed.id, claimed.workspace_id, claimed.incident_id, claimed.channel_id, claimed.kind,
    claimed.recipient, claimed.transition, claimed.lane, claimed.event, claimed.attempts,
    claimed.doubtful, claimed.number, claimed.region, claimed.members,
    opened.status as opened, opened.digest_id as begun_in,
    claimed.transition = 'reminder' and exists (
        select from delivery later
        where later.incident_id = claimed.incident_id
            and later.channel_id = claimed.channel_id and later.recipient = claimed.recipient
            and (later.transition = 'resolved'
                or (later.transition = 'reminder' and later.number > claimed.number))
    ) as outdated,
    channel.sealed_config,
    channel.deleted_at is not null as channel_deleted,
    extract(epoch from now() - claimed.created_at)::float8 as age_s
from claimed
join channel on channel.id = claimed.channel_id
left join delivery opened
    on claimed.transition in ('reminder', 'resolved', 'recovered')
    and opened.transition in ('opened', 'unhealthy')
    and opened.incident_id = claimed.incident_id
    and opened.channel_id = claimed.channel_id and opened.recipient = claimed.recipient
"""


_MEMBERS = """
select m.id, m.digest_id, m.event, opened.status as opened,
    m.transition = 'reminder' and exists (
        select from delivery later
        where later.incident_id = m.incident_id
            and later.channel_id = m.channel_id and later.recipient = m.recipient
            and (later.transition = 'resolved'
                or (later.transition = 'reminder' and later.number > m.number))
    ) as outdated
from delivery m
left join delivery opened
    on m.transition in ('reminder', 'resolved') and opened.transition = 'opened'
    and opened.incident_id = m.incident_id
    and opened.channel_id = m.channel_id and opened.recipient = m.recipient
where m.digest_id = any($1::uuid[])
order by m.created_at, m.id
"""


def _claim(row: Any, members: Sequence[Member]) -> Claim:
    digest = None
    if members:
        digest = digest_of(row["id"], row["channel_id"], row["transition"], members)
    return Claim(
        delivery=Delivery(
            id=row["id"],
            workspace_id=row["workspace_id"],
            incident_id=row["incident_id"],
            channel_id=row["channel_id"],
            kind=row["kind"],
            recipient=row["recipient"],
            transition=row["transition"],
            lane=row["lane"],
            event=digest.envelope if digest else row["event"],
            number=row["number"],
            region=row["region"],
            begun_in=row["begun_in"],
            members=row["members"],
            told=digest.told if digest else (),
            incidents=digest.incidents if digest else (),
        ),
        attempt=row["attempts"],
        age_s=row["age_s"],
        doubtful=row["doubtful"],
        opened=row["opened"],
        outdated=row["outdated"],
        sealed_config=row["sealed_config"],
        channel_deleted=row["channel_deleted"],
    )
