"""What `vedette up` reads besides the services' own settings."""

import os
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationInfo, field_validator

from vedette.runtime.settings import StoreSettings
from vedette.telemetry.logs import LogFormat


def default_data_dir() -> Path:
    """For root the system's place, for others their own."""
    if os.geteuid() == 0:
        return Path("/var/lib/vedette")
    return Path(platformdirs.user_data_dir("vedette"))


class UpSettings(StoreSettings):
    """Settings of everything in one process."""

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Where `vedette up` keeps its database and keys: `/var/lib/vedette` for root, "
        "`~/.local/share/vedette` for others.",
    )
    up_probers: int = Field(
        default=0,
        ge=0,
        le=64,
        description="How many probers `vedette up` runs in processes of their own; 0: one, inside. "
        "One core runs some 4,000 plain checks a second with all else, so when it is full, give "
        "the probers others: 1 first, and one more for each further core they fill. "
        "Each has the limits of a prober for itself, and /metrics of its own: at "
        "`VEDETTE_ADMIN_HTTP`, the next at the next port, or on a free one, which is logged.",
    )
    database_pool: int = Field(default=20, ge=10, le=200)
    log_format: LogFormat = "text"

    @field_validator("up_probers")
    @classmethod
    def _own_bus(cls, count: int, info: ValidationInfo) -> int:
        if count and info.data.get("amqp_url") is not None:
            raise ValueError(
                "these probers share the bus inside `vedette up`; with VEDETTE_AMQP_URL start"
                " `vedette run prober`, as many as you like"
            )
        return count
