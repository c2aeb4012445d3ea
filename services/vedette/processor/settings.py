"""Settings of the processor."""

from pydantic import Field

from vedette.runtime.settings import StoreSettings


class ProcessorSettings(StoreSettings):
    """How long what was seen is kept."""

    retention_days: int = Field(
        default=90, ge=1, le=3650, description="Days that single checks are kept."
    )
    evidence_retention_days: int = Field(
        default=180, ge=1, le=3650, description="Days that failing answers are kept as evidence."
    )
    hourly_retention_days: int = Field(
        default=180, ge=91, le=3650, description="Days that sums of checks by the hour are kept."
    )
    daily_retention_days: int = Field(
        default=1100, ge=91, le=36500, description="Days that sums of checks by the day are kept."
    )
