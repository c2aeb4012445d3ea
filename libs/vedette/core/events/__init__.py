"""Public events: CloudEvents 1.0 with one data model a type.

They travel one a message on the exchange `vedette.events`, routed by the type without the
prefix `vedette.` and the version. Webhooks carry the same envelope.
"""

from vedette.core.events.envelope import EVENTS, SOURCE, Event, event_type, name_of
from vedette.core.events.incidents import (
    Held,
    IncidentOpened,
    IncidentRef,
    IncidentReminded,
    IncidentResolved,
)
from vedette.core.events.maintenance import MaintenanceEnded, MaintenanceRef, MaintenanceStarted
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
    DigestItem,
    NotificationDigest,
    NotificationFailed,
    NotificationSent,
    Transition,
)
from vedette.core.events.parts import Cause, EventData, MonitorRef, Vote
from vedette.core.events.regions import RegionOutage, RegionRecovered, RegionUnhealthy

__all__ = [
    "EVENTS",
    "SOURCE",
    "Cause",
    "CertificateExpiring",
    "ChannelTest",
    "DigestItem",
    "DomainExpiring",
    "Event",
    "EventData",
    "Held",
    "IncidentOpened",
    "IncidentRef",
    "IncidentReminded",
    "IncidentResolved",
    "MaintenanceEnded",
    "MaintenanceRef",
    "MaintenanceStarted",
    "MonitorCreated",
    "MonitorDeleted",
    "MonitorRef",
    "MonitorStateChanged",
    "MonitorSuspect",
    "MonitorUpdated",
    "NotificationDigest",
    "NotificationFailed",
    "NotificationSent",
    "RegionOutage",
    "RegionRecovered",
    "RegionUnhealthy",
    "Transition",
    "Vote",
    "event_type",
    "name_of",
]
