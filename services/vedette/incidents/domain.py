"""What a change of state means for incidents. Pure; instants are Unix ms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from vedette.core.events import Cause, Held, IncidentRef, MonitorRef
from vedette.core.instants import iso
from vedette.core.maintenance import MaintenanceSpec
from vedette.core.state import State
from vedette.core.windows import window_at

Resolution = Literal["recovered", "paused", "deleted"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a monitor's state, as its span tells it."""

    sequence: int
    state: State
    since: int
    cause: Cause
    decided_at: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A maintenance of a monitor."""

    id: UUID
    spec: MaintenanceSpec


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that would open an incident, held until the end of a maintenance."""

    sequence: int
    held: Held
    until: int


@dataclass(frozen=True, slots=True)
class Monitor:
    """The monitor an incident is about."""

    ref: MonitorRef
    workspace_id: UUID
    channels: list[UUID]
    remind_every_s: int | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last change of state that was followed, and whether it waits."""

    sequence: int
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class Incident:
    """One outage of one monitor."""

    id: UUID
    since: int
    opened_at: int
    opened_by: int
    cause: Cause
    channels: tuple[UUID, ...]
    resolved_at: int | None = None
    recovered_at: int | None = None
    resolution: Resolution | None = None
    held: Held | None = None
    reminded_at: int | None = None
    reminders: int = 0

    def ref(self) -> IncidentRef:
        """As events tell it."""
        return IncidentRef(
            id=self.id,
            state="resolved" if self.resolved_at is not None else "investigating",
            since=iso(self.since),
            opened_at=iso(self.opened_at),
            resolved_at=None if self.resolved_at is None else iso(self.resolved_at),
            duration_s=None
            if self.recovered_at is None
            else (self.recovered_at - self.since) / 1000,
            resolution=self.resolution,
            cause=self.cause,
            channels=list(self.channels),
            held=self.held,
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A new incident."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Resolved:
    """An incident that ended."""

    incident: Incident


def follow(
    current: Incident | None,
    change: Change,
    *,
    new_id: UUID,
    channels: Sequence[UUID],
    now: int,
    maintenances: Sequence[Planned] = (),
) -> Opened | Resolved | Waiting | None:
    """What one change of state does to the incident that is open, if any.

    Not being seen ends nothing: an outage is over when somebody saw that it is. And what is over
    is told of, maintenance or not.
    """
    match change.state:
        case State.DOWN if current is None:
            return waiting(change, maintenances, change.decided_at) or opened(
                change, new_id=new_id, channels=channels, now=now
            )
        case State.UP | State.DEGRADED if current is not None:
            return Resolved(resolve(current, "recovered", at=change.since, now=now))
        case State.PAUSED if current is not None:
            return Resolved(resolve(current, "paused", at=None, now=now))
    return None


def opened(
    change: Change,
    *,
    new_id: UUID,
    channels: Sequence[UUID],
    now: int,
    held: Held | None = None,
) -> Opened:
    """The incident of a monitor that went down; `held` if it waited for a maintenance."""
    return Opened(
        Incident(
            new_id,
            change.since,
            now,
            change.sequence,
            change.cause,
            tuple(channels),
            held=held,
        )
    )


def waiting(change: Change, maintenances: Sequence[Planned], at: int) -> Waiting | None:
    """What keeps an incident from being opened at an instant; of several, what lasts longest."""
    going = [
        (window.end, planned)
        for planned in maintenances
        if (window := window_at(planned.spec, at)) is not None
    ]
    if not going:
        return None
    until, planned = max(going, key=lambda one: one[0])
    held = Held(maintenance_id=planned.id, name=planned.spec.name, down_at=iso(change.decided_at))
    return Waiting(change.sequence, held, until)


def remind(current: Incident, *, every_ms: int, now: int) -> Incident | None:
    """The incident with one more reminder, if one is due.

    Those that were due while nobody looked come down to one.
    """
    last = current.opened_at if current.reminded_at is None else current.reminded_at
    due = (now - last) // every_ms
    if due < 1:
        return None
    return replace(current, reminded_at=last + due * every_ms, reminders=current.reminders + 1)


def resolve(current: Incident, resolution: Resolution, *, at: int | None, now: int) -> Incident:
    """The incident, ended at `now`; `at` is when the target recovered, if it was seen to."""
    return replace(current, resolved_at=now, recovered_at=at, resolution=resolution)
