"""Results: what the probers found, as they hand it to the processor."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vedette.core.job import MAX_BATCH
from vedette.core.outcome import Outcome, ReadReason, Reason

MOST_HOPS = 51
"""A request and the redirects that a target may follow at most."""


def _storable(text: str) -> str:
    """What a target says may hold the one character that PostgreSQL can't.

    Libraries may turn bytes that are no UTF-8 into halves of characters, which nobody can send.
    """
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")


Text = Annotated[str, AfterValidator(_storable)]


class Evidence(BaseModel):
    """What a target answered, kept to show a person."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    headers: dict[Text, Text] = {}
    body: Text | None = Field(
        default=None,
        description="As text, as much as its monitor keeps (evidence_body_bytes, or 4 KiB).",
    )
    truncated: bool = Field(default=False, description="Whether the body had more.")


class Hop(BaseModel):
    """One request of a check that was redirected."""

    model_config = ConfigDict(frozen=True)

    url: Text = Field(description="Without user name, password and query, cut at 300 characters.")
    status: int | None = Field(default=None, description="None without an answer.")
    ip: str | None = Field(default=None, description="None where a proxy connected.")
    phases: dict[str, float] = Field(default={}, description="As those of the check.")


class Result(BaseModel):
    """One check that ended, whatever its outcome."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    monitor_id: UUID
    revision: int
    slot: int = Field(description="The due time, Unix ms.")
    outcome: Outcome
    reason: ReadReason = None
    message: Text | None = Field(default=None, description="The reason's particulars, in words.")
    started_at: int | None = Field(default=None, description="Unix ms; none if it never ran.")
    duration_ms: float | None = None
    phases: dict[str, float] = Field(
        default={}, description="Milliseconds spent in each phase that was entered, in order."
    )
    facts: dict[str, Text | int | float | bool] = Field(
        default={}, description="What else was seen: status, ip, size, …"
    )
    hops: list[Hop] = Field(
        default=[], max_length=MOST_HOPS, description="If it was redirected: request by request."
    )
    evidence: Evidence | None = None

    @classmethod
    def of_valid(cls, fields: dict[str, Any]) -> Self:
        """A result of all its fields, valid for certain, at a quarter of a validation's cost."""
        result = cls.__new__(cls)
        as_made = object.__setattr__  # what pydantic's own model_construct sets, which is no faster
        as_made(result, "__dict__", fields)
        as_made(result, "__pydantic_fields_set__", _ALL_FIELDS)
        as_made(result, "__pydantic_extra__", None)
        as_made(result, "__pydantic_private__", None)
        return result

    @classmethod
    def missed(cls, monitor_id: UUID, revision: int, slot: int, message: str) -> Self:
        """The result of a check that did not happen."""
        return cls(
            monitor_id=monitor_id,
            revision=revision,
            slot=slot,
            outcome=Outcome.MISSED,
            reason=Reason.MISSED,
            message=message,
        )


_ALL_FIELDS = set(Result.model_fields)


class ResultBatch(BaseModel):
    """Up to 100 results of one region."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    region: str
    prober: str
    results: list[Result] = Field(max_length=MAX_BATCH)
