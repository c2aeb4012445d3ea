"""Reading maintenance as it is stored."""

from typing import Any

import structlog
from pydantic import ValidationError

from vedette.core.maintenance import MaintenanceSpec, parse_maintenance

log = structlog.get_logger()


def read_maintenance(row: Any) -> MaintenanceSpec | None:
    """The definition in a row's `spec`. None for one that another version wrote or would refuse."""
    try:
        return parse_maintenance(row["spec"])
    except ValidationError as error:
        log.error("a maintenance can't be read", maintenance=str(row["id"]), error=str(error))  # noqa: TRY400
        return None
