"""Changes of monitors: validated, then compared, then applied, with the event that tells of them.

Every function here runs in its caller's transaction.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import ValidationError

from vedette.core.events import (
    Event,
    EventData,
    MonitorCreated,
    MonitorDeleted,
    MonitorRef,
    MonitorUpdated,
)
from vedette.core.ids import uuid7
from vedette.core.kinds import parse_monitor
from vedette.core.monitor import MonitorSpec
from vedette.core.redaction import placeholders, restored
from vedette.gateway.context import now_ms
from vedette.gateway.invalid import field_errors
from vedette.gateway.problems import FieldError, invalid
from vedette.gateway.store import channels, monitors
from vedette.store import outbox
from vedette.store.pool import Connection
from vedette.telemetry.traces import traceparent


def parse(definition: Mapping[str, Any], *, stored: Mapping[str, Any] | None = None) -> MonitorSpec:
    """A definition as a person wrote it. Raises Problem, naming every wrong field.

    Secrets that were read as placeholders stay as they are `stored`.
    """
    try:
        whole = restored(definition, stored)
        if hidden := list(placeholders(whole)):
            raise invalid([_placeholder(path) for path in hidden])
        return parse_monitor(whole)
    except ValidationError as error:
        raise invalid(field_errors(error)) from None
    except RecursionError:
        too_deep = FieldError(field="assertions", message="nested too deep", rule="too_deep")
        raise invalid([too_deep]) from None


def _placeholder(path: str) -> FieldError:
    words = "this is the placeholder of a secret, not a secret; write the secret itself"
    return FieldError(field=path, message=words, rule="placeholder")


async def create(db: Connection, workspace: UUID, spec: MonitorSpec) -> UUID:
    """Add a monitor; returns its id."""
    await _check_channels(db, workspace, spec)
    id = uuid7(now_ms())
    stored, target = dumped(spec), spec.target.summary()
    await monitors.insert(db, workspace, id, spec=stored, target=target)
    await _tell(db, workspace, MonitorCreated(monitor=_reference(id, stored, target)))
    return id


async def update(db: Connection, workspace: UUID, row: Record, spec: MonitorSpec) -> None:
    """Make `spec` the definition of a locked monitor; nothing happens if it already is."""
    stored, target = dumped(spec), spec.target.summary()
    await _check_channels(db, workspace, spec)
    if stored == row["spec"]:
        return
    reprobe = spec.probed() != {name: row["spec"].get(name) for name in spec.probed()}
    await monitors.update(db, workspace, row["id"], spec=stored, target=target, reprobe=reprobe)
    event = MonitorUpdated(monitor=_reference(row["id"], stored, target), paused=row["paused"])
    await _tell(db, workspace, event)


async def drop_channel(db: Connection, workspace: UUID, row: Record, channel: UUID) -> None:
    """Remove a channel from a locked monitor that names it."""
    kept = [id for id in row["spec"]["channels"] if id != str(channel)]
    spec = {**row["spec"], "channels": kept}
    await monitors.update(db, workspace, row["id"], spec=spec, target=row["target"], reprobe=False)
    reference = _reference(row["id"], spec, row["target"])
    await _tell(db, workspace, MonitorUpdated(monitor=reference, paused=row["paused"]))


async def set_paused(db: Connection, workspace: UUID, row: Record, *, paused: bool) -> None:
    """Pause or resume a locked monitor; nothing happens if it already is."""
    if row["paused"] is paused:
        return
    await monitors.set_paused(db, workspace, row["id"], paused=paused)
    reference = _reference(row["id"], row["spec"], row["target"])
    await _tell(db, workspace, MonitorUpdated(monitor=reference, paused=paused))


async def delete(db: Connection, workspace: UUID, row: Record) -> None:
    """Delete a locked monitor."""
    await monitors.delete(db, workspace, row["id"])
    reference = _reference(row["id"], row["spec"], row["target"])
    await _tell(db, workspace, MonitorDeleted(monitor=reference))


def dumped(spec: MonitorSpec) -> dict[str, Any]:
    """A definition as the database and the API have it."""
    return spec.model_dump(mode="json", by_alias=True)


async def _check_channels(db: Connection, workspace: UUID, spec: MonitorSpec) -> None:
    known = await channels.lock_existing(db, workspace, spec.channels)
    errors = [
        FieldError(
            field=f"channels[{index}]", message="there is no such channel", rule="unknown_channel"
        )
        for index, id in enumerate(spec.channels)
        if id not in known
    ]
    if errors:
        raise invalid(errors)


def _reference(id: UUID, spec: Mapping[str, Any], target: str) -> MonitorRef:
    return MonitorRef(id=id, name=spec["name"], kind=spec["kind"], target=target, tags=spec["tags"])


async def _tell(db: Connection, workspace: UUID, data: EventData) -> None:
    event = Event.of(data, workspace=workspace, at_ms=now_ms(), traceparent=traceparent())
    await outbox.put(db, [event])
