"""Rows of the database as what the incidents service thinks in."""

from typing import Any
from uuid import UUID

from vedette.core.events import Cause, Held, MonitorRef
from vedette.core.instants import to_ms
from vedette.core.state import State
from vedette.incidents.domain import Change, Incident, Monitor, Waiting


def read_monitor(row: Any) -> Monitor:
    """A monitor, deleted or not."""
    spec = row["spec"]
    return Monitor(
        MonitorRef(
            id=row["id"],
            name=spec["name"],
            kind=spec["kind"],
            target=row["target"],
            tags=spec["tags"],
        ),
        row["workspace_id"],
        [UUID(channel) for channel in spec["channels"]],
        spec.get("remind_every_s"),
        row["deleted"],
    )


def read_change(row: Any) -> Change:
    """A change of state, as its span tells it."""
    return Change(
        row["sequence"],
        State(row["state"]),
        to_ms(row["started_at"]),
        Cause.model_validate(row["cause"] or {}),
        to_ms(row["decided_at"]),
    )


def read_waiting(row: Any) -> Waiting:
    """What a cursor that waits holds."""
    return Waiting(row["sequence"], Held.model_validate(row["held"]), to_ms(row["held_until"]))


def read_incident(row: Any) -> Incident:
    """An incident."""
    return Incident(
        row["id"],
        to_ms(row["since"]),
        to_ms(row["opened_at"]),
        row["opened_by"],
        Cause.model_validate(row["cause"]),
        tuple(row["channels"]),
        held=None if row["held"] is None else Held.model_validate(row["held"]),
        reminded_at=None if row["reminded_at"] is None else to_ms(row["reminded_at"]),
        reminders=row["reminders"],
    )
