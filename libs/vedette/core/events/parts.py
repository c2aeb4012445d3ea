"""What events are made of."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.outcome import Outcome, ReadReason


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
    reason: ReadReason = None
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
    reason: ReadReason = None
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
