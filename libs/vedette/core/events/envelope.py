"""The envelope of every event, and which types there are."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from vedette.core.events.incidents import IncidentOpened, IncidentReminded, IncidentResolved
from vedette.core.events.maintenance import MaintenanceEnded, MaintenanceStarted
from vedette.core.events.monitors import (
    CertificateExpiring,
    DomainExpiring,
    MonitorCreated,
    MonitorDeleted,
    MonitorStateChanged,
    MonitorSuspect,
    MonitorUpdated,
)
from vedette.core.events.notifications import (
    ChannelTest,
    NotificationDigest,
    NotificationFailed,
    NotificationSent,
)
from vedette.core.events.parts import EventData
from vedette.core.events.regions import RegionRecovered, RegionUnhealthy
from vedette.core.ids import uuid7
from vedette.core.instants import iso

SOURCE = "/vedette"

EVENTS: dict[str, type[EventData]] = {
    model.NAME: model
    for model in (
        MonitorCreated,
        MonitorUpdated,
        MonitorDeleted,
        MonitorSuspect,
        MonitorStateChanged,
        CertificateExpiring,
        DomainExpiring,
        IncidentOpened,
        IncidentResolved,
        IncidentReminded,
        MaintenanceStarted,
        MaintenanceEnded,
        RegionUnhealthy,
        RegionRecovered,
        ChannelTest,
        NotificationSent,
        NotificationFailed,
        NotificationDigest,
    )
}


def event_type(name: str) -> str:
    """The CloudEvents type of an event's name: `vedette.monitor.created.v1`."""
    return f"vedette.{name}.v1"


def name_of(type: str) -> str:
    """The name in an event's CloudEvents type."""
    return type.removeprefix("vedette.").rpartition(".")[0]


class Event(BaseModel):
    """The envelope: CloudEvents 1.0 in structured JSON, with `workspace` and `traceparent`."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = SOURCE
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"] = "application/json"
    workspace: UUID
    traceparent: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(
        cls, data: EventData, *, workspace: UUID, at_ms: int, traceparent: str | None = None
    ) -> Self:
        """Wrap `data`, as of the instant `at_ms` (Unix ms)."""
        return cls(
            id=uuid7(at_ms),
            type=event_type(data.NAME),
            subject=data.subject(),
            time=iso(at_ms),
            workspace=workspace,
            traceparent=traceparent,
            data=data.model_dump(mode="json", exclude_none=True),
        )

    @property
    def name(self) -> str:
        """The routing key: the type without its prefix and version."""
        return name_of(self.type)

    def payload(self) -> EventData:
        """The data in its own model. Raises KeyError for an unknown type."""
        return EVENTS[self.name].model_validate(self.data)
