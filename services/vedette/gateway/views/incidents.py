"""Incidents as the API shows them."""

from typing import Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import Field

from vedette.core.events import Cause, Held
from vedette.gateway.views.common import Instant, View, shown
from vedette.gateway.views.deliveries import DeliveryView

MOST_DELIVERIES = 500
"""An incident that goes on has more and more, by its reminders."""


class IncidentMonitor(View):
    """The monitor an incident is about, deleted or not."""

    id: UUID
    name: str
    target: str


class IncidentView(View):
    """An outage, from its opening to its end."""

    id: UUID
    monitor: IncidentMonitor
    state: Literal["investigating", "identified", "monitoring", "resolved"]
    severity: Literal["critical", "major", "minor"]
    since: Instant = Field(description="When the target was first seen failing.")
    opened_at: Instant
    resolved_at: Instant | None
    recovered_at: Instant | None = Field(description="When the target was seen well again.")
    duration_s: float | None = Field(
        description="From since to the recovery, or else to its end; null while open."
    )
    resolution: Literal["recovered", "paused", "deleted"] | None
    cause: Cause
    channels: list[UUID] = Field(description="The channels that were told.")
    held: Held | None = Field(description="If it waited for a maintenance's end: which, and since.")
    reminders: int = Field(description="How often those who were told were told again.")


class IncidentDetail(IncidentView):
    """An incident with its messages."""

    deliveries: list[DeliveryView] = Field(
        description=f"Its newest {MOST_DELIVERIES}, oldest first; GET /api/v1/deliveries has all."
    )


def incident_view(row: Record) -> dict[str, Any]:
    """A row of `store.incidents` as an answer."""
    fields = dict(row)
    monitor = IncidentMonitor(
        id=fields.pop("monitor_id"), name=fields.pop("name"), target=fields.pop("target")
    )
    ended_at = row["recovered_at"] or row["resolved_at"]
    duration_s = None if ended_at is None else (ended_at - row["since"]).total_seconds()
    return shown(
        IncidentView.model_validate(fields | {"monitor": monitor, "duration_s": duration_s})
    )
