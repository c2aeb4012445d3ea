"""Events of incidents."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.events.parts import Cause, EventData, MonitorRef


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
