"""Reminders of incidents that stay open."""

from vedette.core.events import IncidentReminded
from vedette.incidents.domain import remind
from vedette.incidents.store import Store
from vedette.incidents.telling import tell
from vedette.store.clock import now_ms
from vedette.store.pool import Pool, transaction


async def remind_all(pool: Pool) -> None:
    """Write down every reminder that is due, each in a transaction of its own."""
    now = now_ms()
    while await _remind_one(pool, now):
        pass


async def _remind_one(pool: Pool, now: int) -> bool:
    """Whether there may be more."""
    async with transaction(pool) as db:
        store = Store(db)
        found = await store.to_remind(now)
        if found is None:
            return False
        monitor_id, incident = found
        monitor = await store.monitor(monitor_id)
        if monitor is None or monitor.remind_every_s is None:
            return False
        reminded = remind(incident, every_ms=monitor.remind_every_s * 1000, now=now)
        if reminded is None:
            return False
        await store.remember_reminder(reminded)
        event = IncidentReminded(
            incident=reminded.ref(),
            monitor=monitor.ref,
            number=reminded.reminders,
            down_s=(now - incident.since) / 1000,
        )
        await tell(db, monitor, event, now)
        return True
