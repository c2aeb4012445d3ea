"""Events of maintenance."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.events.parts import EventData


class MaintenanceRef(BaseModel):
    """A maintenance: what is done, and whose alerts wait for its end."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    name: str
    everything: bool = Field(description="All monitors of the workspace.")
    monitors: list[UUID] = []
    tags: list[str] = Field(default=[], description="Monitors that have one of these tags.")


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
