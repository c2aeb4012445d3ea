"""Jobs: checks to run, as the scheduler hands them to the probers of a region."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Detail = Literal["full", "no_values", "reason_only"]
"""How much of a failure is told."""
Keeping = Literal["on_failure", "always", "never"]
"""When evidence is kept."""

EVIDENCE_BODY_BYTES = 4096
MAX_BATCH = 100
ONE_OFF = 0
"""The revision of a definition that is tried once and belongs to no monitor."""
# However long the interval, a check this late says little about its slot.
MAX_LATENESS_MS = 60_000


def run_by(slot_ms: int, interval_ms: int) -> int:
    """The latest instant (Unix ms) at which the check of a slot may still start.

    After it the next slot is due, or the check would be too late to stand for its slot: it is
    recorded as missed.
    """
    return slot_ms + min(interval_ms, MAX_LATENESS_MS)


class Definition(BaseModel):
    """What to probe and what to expect: the probed part of a monitor."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    kind: str
    target: dict[str, Any]
    timeout_s: float
    degraded_after_ms: int | None = None
    assertions: list[Any] = []
    degraded_assertions: list[Any] = []
    expect_failure: bool = False
    detail: Detail = "full"
    evidence: Keeping = "on_failure"
    evidence_body_bytes: int = EVIDENCE_BODY_BYTES
    obstacle: str | None = Field(
        default=None, description="Why it can't be run; then its target is empty."
    )


class Job(BaseModel):
    """One check to run: identified by monitor, region (the batch's) and slot."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    monitor_id: UUID
    revision: int = Field(description="Which revision of the definition this is.")
    slot: int = Field(description="The due time, Unix ms.")
    run_by: int = Field(description="The latest start, Unix ms; later it is missed.")
    definition: Definition


class JobBatch(BaseModel):
    """Up to 100 jobs of one region."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    region: str
    jobs: list[Job] = Field(max_length=MAX_BATCH)
