"""Who probes: the table of probers, kept from what they tell of themselves."""

from datetime import timedelta

from vedette.core.instants import to_datetime
from vedette.core.presence import REMEMBERED_S, Presence
from vedette.store.pool import Connection


async def note(db: Connection, presence: Presence) -> None:
    """Keep what a prober tells. Nothing of a run is heard after its farewell."""
    await db.execute(
        "insert into prober as p (instance, run, name, region, version, kinds, lacking, ipv6,"
        " in_flight, waiting, concurrency, left_at, uplink, clock_ms) values ($1, $2, $3, $4, $5,"
        " $6, $7, $8, $9, $10, $11, case when $12 then now() end, $13,"
        " extract(epoch from $14::timestamptz - clock_timestamp()) * 1000)"
        " on conflict (instance) do update set run = excluded.run, name = excluded.name,"
        " region = excluded.region, version = excluded.version, kinds = excluded.kinds,"
        " lacking = excluded.lacking, ipv6 = excluded.ipv6, in_flight = excluded.in_flight,"
        " waiting = excluded.waiting, concurrency = excluded.concurrency,"
        " uplink = excluded.uplink,"
        " since = case when p.run = excluded.run then p.since else excluded.since end,"
        " seen_at = excluded.seen_at, left_at = excluded.left_at, clock_ms = excluded.clock_ms"
        " where p.run <> excluded.run or p.left_at is null",
        presence.instance,
        presence.run,
        presence.name,
        presence.region,
        presence.version,
        presence.kinds,
        presence.lacking,
        presence.ipv6,
        presence.in_flight,
        presence.waiting,
        presence.concurrency,
        presence.leaving,
        presence.uplink,
        None if presence.at is None else to_datetime(presence.at),
    )


async def lost(db: Connection, name: str) -> None:
    """Keep that the runs of a prober of this name have ended without a farewell."""
    await db.execute("update prober set left_at = now() where name = $1 and left_at is null", name)


async def forget_old(db: Connection) -> None:
    """Drop those that nobody heard of for so long that what they offered counts no more."""
    await db.execute(
        "delete from prober where seen_at < now() - $1::interval", timedelta(seconds=REMEMBERED_S)
    )
