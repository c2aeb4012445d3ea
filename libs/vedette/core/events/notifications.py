"""Events of messages to people."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vedette.core.events.incidents import IncidentRef
from vedette.core.events.parts import EventData, MonitorRef

Transition = Literal["opened", "reminder", "resolved", "expiring", "unhealthy", "recovered", "test"]
"""What a message tells of."""


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
