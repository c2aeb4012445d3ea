"""Reminders of incidents that stay open."""

from collections.abc import Sequence
from uuid import UUID

from vedette.core.events import IncidentReminded
from vedette.incidents.apart import each_apart
from vedette.incidents.domain import Incident, remind
from vedette.incidents.store.incidents import Store
from vedette.incidents.telling import tell
from vedette.store.pool import Connection, Pool


async def remind_all(pool: Pool, incidents: Sequence[UUID], now: int) -> None:
    """Write down the reminders of these incidents that are due at `now`."""

    async def remind_of(db: Connection, id: UUID) -> None:
        store = Store(db)
        found = await store.lock_to_remind(id, now)
        if found is not None:
            await _remind(store, *found, now)

    await each_apart(pool, incidents, remind_of)


async def _remind(store: Store, monitor_id: UUID, incident: Incident, now: int) -> None:
    monitor = await store.monitor(monitor_id)
    if monitor is None or monitor.remind_every_s is None:
        return
    reminded = remind(incident, every_ms=monitor.remind_every_s * 1000, now=now)
    if reminded is None:
        return
    await store.remember_reminder(reminded)
    event = IncidentReminded(
        incident=reminded.ref(),
        monitor=monitor.ref,
        number=reminded.reminders,
        down_s=(now - incident.since) / 1000,
    )
    await tell(store.db, monitor, event, now)
