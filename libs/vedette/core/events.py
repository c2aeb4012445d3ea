"""Public events: CloudEvents 1.0 with one data model a type.

They travel one a message on the exchange `vedette.events`, routed by the type without the
prefix `vedette.` and the version. Webhooks carry the same envelope.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.ids import uuid7
from vedette.core.instants import iso
from vedette.core.outcome import Outcome, Reason
from vedette.core.regions import Trouble
from vedette.core.state import State

SOURCE = "/vedette"

Transition = Literal["opened", "reminder", "resolved", "expiring", "unhealthy", "recovered", "test"]
"""What a message tells of."""


class EventData(BaseModel):
    """What an event of one type tells."""

    model_config = ConfigDict(frozen=True)
    NAME: ClassVar[str]
    PUBLISHED: ClassVar[bool] = True
    """Whether it is published on the exchange; else only webhooks carry it."""

    def subject(self) -> str:
        """What the event is about, as `<thing>/<id>`."""
        raise NotImplementedError


class MonitorRef(BaseModel):
    """A monitor, as much of it as a message needs."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    name: str
    kind: str
    target: str = Field(description="What is watched, in one line without secrets.")
    tags: list[str] = []


class Vote(BaseModel):
    """What one region said in a round of several."""

    model_config = ConfigDict(frozen=True)
    region: str
    outcome: Outcome | None = Field(
        default=None, description="None while nothing was heard from it."
    )
    reason: Reason | None = None
    message: str | None = None
    duration_ms: float | None = None
    late: bool = Field(
        default=False, description="It came after the round was judged, and had no say."
    )
    unhealthy: bool = Field(
        default=False, description="Its region was not well itself, so it had no say."
    )


class Cause(BaseModel):
    """Why a monitor is in its state: the deciding check, as evidence."""

    model_config = ConfigDict(frozen=True)
    outcome: Outcome | None = None
    reason: Reason | None = None
    message: str | None = None
    region: str | None = None
    slot: str | None = None
    duration_ms: float | None = None
    phases: dict[str, float] = {}
    facts: dict[str, str | int | float | bool] = {}
    votes: list[Vote] = Field(
        default=[],
        description="If several regions were asked: what each said in the round that decided.",
    )


class _MonitorEvent(EventData):
    monitor: MonitorRef

    def subject(self) -> str:
        return f"monitor/{self.monitor.id}"


class MonitorCreated(_MonitorEvent):
    """A monitor was added."""

    NAME: ClassVar[str] = "monitor.created"


class MonitorUpdated(_MonitorEvent):
    """A monitor's definition changed, or it was paused or resumed."""

    NAME: ClassVar[str] = "monitor.updated"
    paused: bool = False


class MonitorDeleted(_MonitorEvent):
    """A monitor was deleted."""

    NAME: ClassVar[str] = "monitor.deleted"


class MonitorSuspect(_MonitorEvent):
    """A round hinted at a change; a confirmation is due at `recheck_slot` (Unix ms)."""

    NAME: ClassVar[str] = "monitor.suspect"
    recheck_slot: int
    cause: Cause


class MonitorStateChanged(_MonitorEvent):
    """A monitor's state changed. `sequence` counts a monitor's changes without gaps."""

    NAME: ClassVar[str] = "monitor.state_changed"
    sequence: int
    previous: State
    state: State
    since: str
    cause: Cause | None = None


class _Expiring(_MonitorEvent):
    expires_at: str
    days_left: int = Field(description="Full days that are left.")
    threshold: int = Field(
        description="The number of days, of those that were asked for, for which this is told: "
        "once for each."
    )
    channels: list[UUID] = Field(default=[], description="The channels that are told.")


class CertificateExpiring(_Expiring):
    """A certificate, or one that it depends on, ends soon."""

    NAME: ClassVar[str] = "certificate.expiring"
    of_chain: bool = Field(
        default=False, description="Whether it is one that the target's own depends on."
    )
    issuer: str | None = Field(default=None, description="Of the target's own certificate.")
    serial: str | None = Field(default=None, description="Of the target's own certificate.")
    fingerprint: str | None = Field(
        default=None, description="The SHA-256 of the target's own certificate."
    )


class DomainExpiring(_Expiring):
    """The registration of a domain ends soon."""

    NAME: ClassVar[str] = "domain.expiring"
    domain: str
    registrar: str | None = None


class MaintenanceRef(BaseModel):
    """A maintenance: what is done, and whose alerts wait for its end."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    name: str
    everything: bool = Field(description="All monitors of the workspace.")
    monitors: list[UUID] = []
    tags: list[str] = Field(default=[], description="Monitors that have one of these tags.")


class Held(BaseModel):
    """That an incident was opened late, for it waited for the end of a maintenance."""

    model_config = ConfigDict(frozen=True)
    maintenance_id: UUID
    name: str
    down_at: str = Field(description="When the incident would have been opened.")


class IncidentRef(BaseModel):
    """An incident and how it stands."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    state: Literal["investigating", "identified", "monitoring", "resolved"] = "investigating"
    severity: Literal["critical", "major", "minor"] = "critical"
    since: str = Field(description="When the target was first seen failing.")
    opened_at: str
    resolved_at: str | None = None
    duration_s: float | None = Field(default=None, description="From since to the recovery.")
    resolution: Literal["recovered", "paused", "deleted"] | None = None
    cause: Cause
    channels: list[UUID] = Field(default=[], description="The channels that are told.")
    held: Held | None = Field(default=None, description="If it waited for a maintenance's end.")


class _IncidentEvent(EventData):
    incident: IncidentRef
    monitor: MonitorRef

    def subject(self) -> str:
        return f"incident/{self.incident.id}"


class IncidentOpened(_IncidentEvent):
    """A monitor went down."""

    NAME: ClassVar[str] = "incident.opened"


class IncidentResolved(_IncidentEvent):
    """The incident ended: the target is back, or nobody watches it any more."""

    NAME: ClassVar[str] = "incident.resolved"


class IncidentReminded(_IncidentEvent):
    """An incident is still open, and those who were told of it are told so once more."""

    NAME: ClassVar[str] = "incident.reminded"
    number: int = Field(description="1 for an incident's first reminder.")
    down_s: float = Field(description="How long it has been down.")


class _MaintenanceEvent(EventData):
    maintenance: MaintenanceRef
    started_at: str

    def subject(self) -> str:
        return f"maintenance/{self.maintenance.id}"


class MaintenanceStarted(_MaintenanceEvent):
    """A window of a maintenance began: alerts wait."""

    NAME: ClassVar[str] = "maintenance.started"
    until: str = Field(description="Its end, as planned.")


class MaintenanceEnded(_MaintenanceEvent):
    """A window of a maintenance is over."""

    NAME: ClassVar[str] = "maintenance.ended"
    ended_at: str


class RegionOutage(BaseModel):
    """A time in which what a region's probers say can't be had, or can't be trusted."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    region: str
    trouble: Trouble
    message: str = Field(description="What is wrong, in words.")
    since: str = Field(description="Since when it has looked so.")
    ended_at: str | None = None
    duration_s: float | None = None
    resolution: Literal["recovered", "unused"] | None = Field(
        default=None, description="How it ended; `unused`: no monitor names the region any more."
    )
    monitors: int = Field(description="The workspace's monitors that are checked from there.")
    alone: int = Field(description="Those of them that are checked from nowhere else.")
    channels: list[UUID] = Field(default=[], description="The channels that are told.")

    def ended(self, at: str, resolution: Literal["recovered", "unused"]) -> Self:
        """The outage, over since then."""
        lasted = datetime.fromisoformat(at) - datetime.fromisoformat(self.since)
        return self.model_copy(
            update={
                "ended_at": at,
                "duration_s": max(lasted.total_seconds(), 0.0),
                "resolution": resolution,
            }
        )


class _RegionEvent(EventData):
    outage: RegionOutage

    def subject(self) -> str:
        return f"region/{self.outage.region}"


class RegionUnhealthy(_RegionEvent):
    """A region can't check its monitors: one event a workspace that has some there."""

    NAME: ClassVar[str] = "region.unhealthy"


class RegionRecovered(_RegionEvent):
    """A region is well again, or nobody needs it any more."""

    NAME: ClassVar[str] = "region.recovered"


class ChannelTest(EventData):
    """Somebody asked for a test message."""

    NAME: ClassVar[str] = "channel.test"
    channel_id: UUID
    channel_name: str
    test_id: UUID

    def subject(self) -> str:
        return f"channel/{self.channel_id}"


class _NotificationEvent(EventData):
    delivery_id: UUID
    channel_id: UUID
    channel_kind: str
    transition: Transition
    incident_id: UUID | None = None
    region: str | None = None
    incident_ids: list[UUID] | None = Field(
        default=None, description="Those that it tells of, if it is a digest."
    )
    attempts: int

    def subject(self) -> str:
        return f"delivery/{self.delivery_id}"


class NotificationSent(_NotificationEvent):
    """A message was accepted by its provider."""

    NAME: ClassVar[str] = "notification.sent"


class NotificationFailed(_NotificationEvent):
    """A message was given up; `error` says why."""

    NAME: ClassVar[str] = "notification.failed"
    error: str


class DigestItem(BaseModel):
    """One of the incidents that a digest tells of; its cause in short."""

    model_config = ConfigDict(frozen=True)
    incident: IncidentRef
    monitor: MonitorRef


class NotificationDigest(EventData):
    """One message to one recipient that tells of many incidents.

    Each of them is told of in one message only: alone, or in one digest.
    """

    NAME: ClassVar[str] = "notification.digest"
    PUBLISHED: ClassVar[bool] = False
    delivery_id: UUID
    channel_id: UUID
    transition: Literal["opened", "reminder", "resolved"]
    items: list[DigestItem] = Field(description="The oldest first, up to 500.")

    def subject(self) -> str:
        """The message."""
        return f"delivery/{self.delivery_id}"


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
