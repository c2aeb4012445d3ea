"""Deliveries as the API shows them."""

from typing import Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import Field

from vedette.core.events import Transition
from vedette.gateway.views.common import Instant, View, shown

Status = Literal["pending", "sent", "failed", "skipped"]


class DeliveryView(View):
    """One message to one recipient."""

    id: UUID
    incident_id: UUID | None = Field(description="None where a message is about none.")
    channel_id: UUID
    kind: str
    recipient: str
    transition: Transition
    region: str | None = Field(description="The region it is about, if it is about one.")
    members: int = Field(
        description="If it is a digest: how many deliveries, each about an incident, it tells of; "
        "else 0."
    )
    digest_id: UUID | None = Field(
        description="The digest that tells of it, and whose status it shares; none if it is sent "
        "by itself."
    )
    number: int = Field(description="Which of an incident's reminders; 0 for what is said once.")
    status: Status
    attempts: int
    next_attempt_at: Instant | None
    error: str | None
    provider_id: str | None
    created_at: Instant
    sent_at: Instant | None


class PendingTest(View):
    """A test message that is under way."""

    id: UUID = Field(description="The id of its delivery.")
    status: Literal["pending"] = "pending"


def delivery_view(row: Record) -> dict[str, Any]:
    """A row of `store.deliveries` as an answer."""
    return shown(DeliveryView.model_validate(dict(row)))
