"""What begins and ends, and is told of both times: an incident, or a region's outage."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from vedette.core.events import (
    Event,
    EventData,
    IncidentOpened,
    IncidentReminded,
    IncidentResolved,
    RegionRecovered,
    RegionUnhealthy,
    Transition,
    event_type,
)
from vedette.core.ids import derived


@dataclass(frozen=True, slots=True)
class Affair:
    """One of them, and the transitions by which its messages are known."""

    id: UUID
    channels: Sequence[UUID]
    beginning: Transition
    end: Transition
    region: str | None = None
    """The region whose outage it is, if it is one."""


def affair_of(event: Event) -> Affair:
    """What an event is about. Raises ValueError for one that is about neither."""
    match event.payload():
        case (
            IncidentOpened(incident=incident)
            | IncidentReminded(incident=incident)
            | IncidentResolved(incident=incident)
        ):
            return Affair(incident.id, incident.channels, "opened", "resolved")
        case RegionUnhealthy(outage=outage) | RegionRecovered(outage=outage):
            return Affair(outage.id, outage.channels, "unhealthy", "recovered", outage.region)
        case other:
            raise ValueError(f"{other.NAME} neither begins nor ends")


def beginning_told_by(end: Event) -> Event:
    """An affair's beginning as its end tells it, for when that one arrives first.

    Raises ValueError for an event that is no end.
    """
    match end.payload():
        case IncidentResolved(incident=over, monitor=monitor):
            going_on = {
                "state": "investigating",
                "resolved_at": None,
                "duration_s": None,
                "resolution": None,
            }
            incident = over.model_copy(update=going_on)
            opening = IncidentOpened(incident=incident, monitor=monitor)
            return _before(end, opening, incident.opened_at, derived("event", over.id, "opened"))
        case RegionRecovered(outage=over):
            going_on = {"ended_at": None, "duration_s": None, "resolution": None}
            outage = over.model_copy(update=going_on)
            id = derived("event", over.id, "unhealthy", end.workspace)
            return _before(end, RegionUnhealthy(outage=outage), outage.since, id)
        case other:
            raise ValueError(f"{other.NAME} is no end")


def _before(end: Event, beginning: EventData, at: str, id: UUID) -> Event:
    return end.model_copy(
        update={
            "id": id,
            "type": event_type(beginning.NAME),
            "time": at,
            "data": beginning.model_dump(mode="json"),
        }
    )
