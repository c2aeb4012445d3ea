"""Maintenance as the API shows it: the definition, and when alerts wait."""

from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field, create_model

from vedette.core.instants import to_datetime
from vedette.core.maintenance import MAINTENANCES
from vedette.core.windows import Window, next_window, window_at
from vedette.gateway.views.common import Instant, View, shown
from vedette.store.maintenance import read_maintenance


class WindowView(View):
    """A stretch of time in which alerts wait."""

    starts_at: Instant
    ends_at: Instant


class MaintenanceRecord(View):
    """What a maintenance has besides its definition."""

    id: UUID
    current: WindowView | None = Field(description="The window that goes on now.")
    next: WindowView | None = Field(description="The first window that is still to begin.")
    version: int = Field(description="Counts every write; also the ETag.")
    created_at: Instant
    updated_at: Instant


def maintenance_models() -> tuple[type[BaseModel], ...]:
    """One model a kind: its definition and its record together."""
    return tuple(
        create_model(f"{kind.capitalize()}MaintenanceRead", __base__=(MaintenanceRecord, model))
        for kind, model in MAINTENANCES.items()
    )


def maintenance_view(row: Record, now: int) -> dict[str, Any]:
    """A row of `store.maintenance` as an answer, as of `now` (Unix ms)."""
    spec = read_maintenance(row)
    record = MaintenanceRecord(
        id=row["id"],
        current=None if spec is None else _window(window_at(spec, now)),
        next=None if spec is None else _window(next_window(spec, now)),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
    definition = row["spec"] if spec is None else spec.model_dump(mode="json")
    return {"id": str(row["id"]), **definition, **shown(record)}


def _window(window: Window | None) -> WindowView | None:
    if window is None:
        return None
    return WindowView(starts_at=to_datetime(window.start), ends_at=to_datetime(window.end))
