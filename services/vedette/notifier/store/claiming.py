"""Taking due deliveries."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from vedette.notifier.delivery import Claim, Delivery
from vedette.notifier.storm import Member, digest_of
from vedette.store.pool import Connection

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


class Claiming:
    """Taking due deliveries."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    async def look(self) -> tuple[list[str], float | None]:
        """Lanes with something due, the one that waits longest first, and when to look again.

        That is in so many seconds, when the next delivery comes due; None if none waits for its
        time.
        """
        row: Any = await self._db.fetchrow(
            "select array(select lane from delivery where status = 'pending'"
            "  and next_attempt_at <= now() and digest_id is null"
            "  group by lane order by min(next_attempt_at)) as lanes,"
            " (select extract(epoch from min(next_attempt_at) - now())::float8 from delivery"
            "  where status = 'pending' and next_attempt_at > now()) as next_s"
        )
        return row["lanes"], row["next_s"]

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

    async def hasten(self, within_s: float) -> None:
        """Let what is due later than ever any is be due now: the clock was put back since."""
        await self._db.execute(
            "update delivery set next_attempt_at = now() where status = 'pending'"
            " and next_attempt_at > now() + make_interval(secs => $1)",
            within_s,
        )

    async def pending(self, at_most: int) -> int:
        """How many deliveries are not settled."""
        count: int = await self._db.fetchval(
            "select count(*) from"
            " (select from delivery where status = 'pending' limit $1) as waiting",
            at_most,
        )
        return count


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
