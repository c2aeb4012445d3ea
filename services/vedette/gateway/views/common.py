"""What views share."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from vedette.core.events import Vote
from vedette.core.instants import iso, to_ms
from vedette.core.outcome import Outcome, ReadReason

Instant = Annotated[
    datetime,
    PlainSerializer(lambda at: iso(to_ms(at)), return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-03-01T12:00:00.000Z"]}
    ),
]


class View(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class CheckSummary(View):
    """What the last check of a monitor found."""

    slot: Instant | None = None
    region: str | None = None
    outcome: Outcome | None = None
    reason: ReadReason = None
    message: str | None = None
    started_at: Instant | None = None
    duration_ms: float | None = None
    phases: dict[str, float] = Field(default={}, description="Milliseconds in each phase.")
    facts: dict[str, str | int | float | bool] = Field(
        default={}, description="What else was seen: status, ip, size, …"
    )
    votes: list[Vote] = Field(
        default=[], description="If several regions were asked: what each said up to this check."
    )


def milliseconds(value: float | None) -> float | None:
    """A length of time, rounded: the column holds 7 digits; more would be noise."""
    return None if value is None else round(value, 3)


def shown(view: View) -> dict[str, Any]:
    """A view as JSON has it."""
    return view.model_dump(mode="json")
