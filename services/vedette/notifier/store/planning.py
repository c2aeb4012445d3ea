"""Writing deliveries, in the transaction of the event that causes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from vedette.core.events import Transition
from vedette.notifier.delivery import Delivery
from vedette.notifier.domain.telling import Audience
from vedette.notifier.storm import Storm, digest_id
from vedette.store.pool import Connection

WAKE = "vedette_delivery"
"""What dispatchers are notified by: there is something to send."""


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

    async def lock_affair(self, affair_id: UUID) -> None:
        """One transition of it at a time, whichever notifiers have them."""
        await self._db.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))", str(affair_id)
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

    async def audiences(self, affair_id: UUID, transition: Transition) -> list[Audience]:
        """Whom a transition was written down for, one at a time, whatever the channels are now."""
        rows = await self._db.fetch(
            "select channel_id, kind, recipient from delivery"
            " where incident_id = $1 and transition = $2",
            affair_id,
            transition,
        )
        return [Audience(row["channel_id"], row["kind"], [row["recipient"]]) for row in rows]

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
