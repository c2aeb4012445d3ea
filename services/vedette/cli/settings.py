"""What `vedette up` reads besides the services' own settings."""

import os
from pathlib import Path

import platformdirs
from pydantic import Field

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
    database_pool: int = Field(default=20, ge=10, le=200)
    log_format: LogFormat = "text"
