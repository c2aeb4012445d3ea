"""Events of regions."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.events.parts import EventData
from vedette.core.regions import Trouble


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
