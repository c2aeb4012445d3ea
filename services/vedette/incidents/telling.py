"""Writing events down, in the transaction of what they tell of."""

import structlog
from prometheus_client import Counter

from vedette.core.events import Event, EventData
from vedette.incidents.domain import Monitor
from vedette.store import outbox
from vedette.store.pool import Connection
from vedette.telemetry.traces import traceparent

turns = Counter("vedette_incidents_total", "Incidents opened, reminded of, resolved.", ["turn"])
log = structlog.get_logger()


async def tell(db: Connection, monitor: Monitor, data: EventData, now: int) -> None:
    """Tell of an incident of a monitor."""
    event = Event.of(data, workspace=monitor.workspace_id, at_ms=now, traceparent=traceparent())
    await outbox.put(db, [event])
    turns.labels(data.NAME.rpartition(".")[2]).inc()
    log.info(
        data.NAME,
        incident=data.subject().removeprefix("incident/"),
        monitor=str(monitor.ref.id),
        name=monitor.ref.name,
    )
