"""Changes of monitors: validated, then compared, then applied, with the event that tells of them.

Every function here runs in its caller's transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import structlog
from asyncpg import Record
from pydantic import ValidationError

from vedette.core.errors import Permanent
from vedette.core.events import (
    Event,
    EventData,
    MonitorCreated,
    MonitorDeleted,
    MonitorRef,
    MonitorUpdated,
)
from vedette.core.ids import uuid7
from vedette.core.kinds import kinds, model_of, parse_monitor
from vedette.core.kinds.group import GroupMonitor
from vedette.core.monitor import MonitorSpec
from vedette.core.redaction import placeholders, restored
from vedette.gateway.invalid import field_errors
from vedette.gateway.offered import offers, refused, wanted
from vedette.gateway.problems import FieldError, invalid
from vedette.gateway.store import channels, monitors, reports
from vedette.store import outbox
from vedette.store.clock import now_ms
from vedette.store.pool import Connection
from vedette.store.sealing import covered, opened, sealed
from vedette.store.secretbox import SecretBox
from vedette.telemetry.traces import traceparent

log = structlog.get_logger()


def parse(definition: Mapping[str, Any], *, stored: Mapping[str, Any] | None = None) -> MonitorSpec:
    """A definition as a person wrote it. Raises Problem, naming every wrong field.

    Secrets that were read as placeholders stay as they are `stored`.
    """
    try:
        whole = restored(definition, stored)
        if hidden := list(placeholders({"target": whole.get("target")})):
            raise invalid([_placeholder(path) for path in hidden])
        return parse_monitor(whole)
    except ValidationError as error:
        raise invalid(field_errors(error, model_of(definition))) from None


def _placeholder(path: str) -> FieldError:
    words = "this is the placeholder of a secret, not a secret; write the secret itself"
    return FieldError(field=path, message=words, rule="placeholder")


async def create(db: Connection, workspace: UUID, spec: MonitorSpec, box: SecretBox) -> UUID:
    """Add a monitor; returns its id."""
    await _check_names(db, workspace, spec)
    await _check_members(db, workspace, spec)
    id = uuid7(now_ms())
    stored, target = sealed(spec, id, box), spec.target.summary()
    await monitors.insert(db, workspace, id, spec=stored, target=target, passive=spec.PASSIVE)
    if spec.PASSIVE:
        await reports.begin(db, id, token=None if spec.kind == "group" else str(uuid4()))
    await _tell(db, workspace, MonitorCreated(monitor=_reference(id, stored, target)))
    return id


async def update(
    db: Connection, workspace: UUID, row: Record, spec: MonitorSpec, box: SecretBox
) -> None:
    """Make `spec` the definition of a locked monitor; nothing happens if it already is."""
    await _check_names(db, workspace, spec, before=row["spec"])
    await _check_members(db, workspace, spec, itself=row["id"])
    before = _completed(readable(row, box))
    if spec.model_dump(mode="json", by_alias=True) == before:
        return
    _check_passive(row, spec)
    stored, target = sealed(spec, row["id"], box), spec.target.summary()
    meaning = spec.meaning()
    reprobe = meaning != {name: before.get(name) for name in meaning}
    await monitors.update(db, workspace, row["id"], spec=stored, target=target, reprobe=reprobe)
    await reports.wake(db, row["id"])
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
    await reports.wake(db, row["id"])
    reference = _reference(row["id"], row["spec"], row["target"])
    await _tell(db, workspace, MonitorUpdated(monitor=reference, paused=paused))


async def delete(db: Connection, workspace: UUID, row: Record) -> None:
    """Delete a locked monitor."""
    await monitors.delete(db, workspace, row["id"])
    reference = _reference(row["id"], row["spec"], row["target"])
    await _tell(db, workspace, MonitorDeleted(monitor=reference))


def readable(row: Record, box: SecretBox) -> dict[str, Any]:
    """A monitor's definition as it was written.

    Secrets that can't be opened are placeholders: whoever edits it is asked to write them anew.
    """
    definition: dict[str, Any]
    try:
        definition = opened(row["spec"], row["id"], box)
    except Permanent as error:
        log.error("secrets of a monitor can't be read", monitor=str(row["id"]), error=str(error))  # noqa: TRY400
        definition = covered(row["spec"])
    return definition


def _completed(definition: dict[str, Any]) -> dict[str, Any]:
    """A stored definition with the fields that were added since then, at their defaults."""
    try:
        return parse_monitor(definition).model_dump(mode="json", by_alias=True)
    except ValidationError:
        return definition


async def _check_names(
    db: Connection, workspace: UUID, spec: MonitorSpec, *, before: Mapping[str, Any] | None = None
) -> None:
    """Raise Problem if a definition names channels that aren't there, or what nobody offers."""
    unknown = await _unknown_channels(db, workspace, spec.channels)
    if errors := [*unknown, *refused(await offers(db), wanted(spec), before)]:
        raise invalid(errors)


async def _unknown_channels(
    db: Connection, workspace: UUID, ids: Sequence[UUID]
) -> list[FieldError]:
    known = await channels.lock_existing(db, workspace, ids)
    return [
        FieldError(
            field=f"channels[{index}]", message="there is no such channel", rule="unknown_channel"
        )
        for index, id in enumerate(ids)
        if id not in known
    ]


async def _check_members(
    db: Connection, workspace: UUID, spec: MonitorSpec, *, itself: UUID | None = None
) -> None:
    if not isinstance(spec, GroupMonitor):
        return
    members = spec.target.members
    known = await monitors.lock_existing(db, workspace, members)
    errors = [
        FieldError(
            field=f"target.members[{index}]",
            message="there is no such monitor",
            rule="unknown_monitor",
        )
        for index, id in enumerate(members)
        if id not in known
    ]
    if not errors and itself is not None and await monitors.depends(db, members, on=itself):
        words = "a group can't be its own member, nor a member of one of its members"
        errors = [FieldError(field="target.members", message=words, rule="circle")]
    if errors:
        raise invalid(errors)


def _check_passive(row: Record, spec: MonitorSpec) -> None:
    """A monitor may become one of another kind, but not go over to being told, or from it."""
    before = row["spec"]["kind"]
    if spec.kind != before and (spec.PASSIVE or kinds()[before].PASSIVE):
        words = f"a monitor of kind {before} can't become one of kind {spec.kind}; make a new one"
        raise invalid([FieldError(field="kind", message=words, rule="kind_change")])


def _reference(id: UUID, spec: Mapping[str, Any], target: str) -> MonitorRef:
    return MonitorRef(id=id, name=spec["name"], kind=spec["kind"], target=target, tags=spec["tags"])


async def _tell(db: Connection, workspace: UUID, data: EventData) -> None:
    event = Event.of(data, workspace=workspace, at_ms=now_ms(), traceparent=traceparent())
    await outbox.put(db, [event])
