"""The outbox: events are written in the transaction that causes them, and published after it.

Writing and publishing are apart so that no crash can keep one without the other: a row that was
published but not yet deleted is published again, and consumers recognise it by its id. What goes
out on a bus that keeps nothing is kept here for a while.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from prometheus_client import Counter, Gauge

from vedette.bus.api import Bus, Exchange, Outgoing
from vedette.core.errors import Transient
from vedette.core.events import Event
from vedette.store import published
from vedette.store.pool import Connection, Pool, transaction
from vedette.store.waking import Waker, listening
from vedette.telemetry import dwell

CHANNEL = "vedette_outbox"
BATCH = 200
_POLL_S = 1.0
_BACKOFF_S = 0.5

sent = Counter("vedette_outbox_published_total", "Events published from the outbox.")
waiting = Gauge("vedette_outbox_waiting", "Events written and not yet published.")
lag = Gauge("vedette_outbox_lag_seconds", "Age of the oldest event not yet published.")

log = structlog.get_logger()


async def put(db: Connection, events: Sequence[Event]) -> None:
    """Write events in the caller's transaction; they are published once it commits."""
    if not events:
        return
    await db.execute(
        "insert into outbox (routing_key, event_id, traceparent, body)"
        " select * from unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[])",
        [event.name for event in events],
        [event.id for event in events],
        [event.traceparent for event in events],
        [event.model_dump_json(exclude_none=True).encode() for event in events],
    )
    await db.execute(f"notify {CHANNEL}")


class Relay:
    """Publishes what the outbox holds. Any number may run: they share the rows out."""

    def __init__(self, pool: Pool, bus: Bus) -> None:
        self._pool = pool
        self._bus = bus

    async def run(self) -> None:
        """Publish until cancelled. Outages of the database or the bus are waited out."""
        while True:
            try:
                async with listening(self._pool, CHANNEL) as waker:
                    await self._follow(waker)
            except Transient as error:
                log.warning("outbox relay waits", error=str(error))
                await asyncio.sleep(_BACKOFF_S)

    async def _follow(self, waker: Waker) -> None:
        while not waker.closed:
            while await self._measure(waker.db) and await self._publish_some():
                pass
            await waker.wait(_POLL_S)

    async def _publish_some(self) -> int:
        async with transaction(self._pool) as db:
            rows = await db.fetch(
                "select id, routing_key, event_id, traceparent, body from outbox"
                " order by id limit $1 for update skip locked",
                BATCH,
            )
            if rows:
                await self._bus.publish(Exchange.EVENTS, [_outgoing(row) for row in rows])
                if not self._bus.durable:
                    await published.keep(db, [row["body"] for row in rows])
                gone = await db.fetch(
                    "delete from outbox where id = any($1::bigint[])"
                    " returning extract(epoch from clock_timestamp() - created_at)::float8 as age",
                    [row["id"] for row in rows],
                )
                for row in gone:
                    dwell.VERDICT_TO_EVENT.observe(row["age"])
        sent.inc(len(rows))
        return len(rows)

    async def _measure(self, db: Connection) -> int:
        """How many wait, as far as is told."""
        row: Any = await db.fetchrow(
            "select count(*) as n, coalesce(extract(epoch from now() - min(created_at)), 0) as age"
            " from (select created_at from outbox order by id limit 10000) oldest"
        )
        waiting.set(row["n"])
        lag.set(float(row["age"]))
        count: int = row["n"]
        return count


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(
        key=row["routing_key"],
        body=row["body"],
        id=str(row["event_id"]),
        traceparent=row["traceparent"],
    )
