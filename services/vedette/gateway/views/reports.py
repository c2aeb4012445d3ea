"""Reports as the API shows them, and takes them."""

from typing import Any, Literal

from asyncpg import Record
from pydantic import BaseModel, ConfigDict, Field

from vedette.core.reporting import Signal
from vedette.gateway.views.common import Instant, View, shown


class ReportView(View):
    """One report of a job, or one result that was handed in."""

    id: int
    at: Instant = Field(description="When it came in.")
    signal: Signal
    run: str = Field(description="The run's id (`rid`); empty if it named none.")
    exit_status: int | None
    message: str | None
    duration_ms: float | None
    method: str
    source: str | None = Field(description="The address that it came from.")
    agent: str | None = Field(description="The User-Agent of who sent it.")
    body: str | None = Field(description="What was posted, as text; the newest 100 are kept.")


class ResultIn(BaseModel):
    """A result that was found elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["up", "degraded", "down"]
    message: str | None = Field(default=None, max_length=1000, description="Why, for people.")
    duration_ms: float | None = Field(
        default=None, ge=0, le=1e11, allow_inf_nan=False, description="How long it took."
    )


class ResultTaken(View):
    """A result that was taken in; it is judged at once."""

    at: Instant


def report_view(row: Record) -> dict[str, Any]:
    """A row of `store.reports` as an answer."""
    body = row["body"]
    text = None if body is None else body.decode(errors="replace")
    return shown(ReportView.model_validate({**dict(row), "body": text}))
