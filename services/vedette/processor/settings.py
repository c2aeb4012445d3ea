"""Settings of the processor."""

from pydantic import Field

from vedette.runtime.settings import RetentionSettings


class ProcessorSettings(RetentionSettings):
    """How long what was seen is kept, and when a region is unhealthy."""

    hourly_retention_days: int = Field(
        default=180, ge=91, le=3650, description="Days that sums of checks by the hour are kept."
    )
    daily_retention_days: int = Field(
        default=1100, ge=91, le=36500, description="Days that sums of checks by the day are kept."
    )
    region_unhealthy_after_s: float = Field(
        default=60,
        ge=0,
        le=86_400,
        description="Seconds for which a region may be without a prober (that was heard of in the "
        "last 30 s), or all its probers without their uplink, before people are told that it is "
        "unhealthy. A region that never had a prober has 5 minutes at least.",
    )
    dead_retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days that parked messages wait for somebody to deal with them.",
    )
