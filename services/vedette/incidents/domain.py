"""What a change of state means for incidents. Pure; instants are Unix ms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from vedette.core.events import Cause, IncidentRef
from vedette.core.instants import iso
from vedette.core.state import State

Resolution = Literal["recovered", "paused", "deleted"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a monitor's state, as its span tells it."""

    sequence: int
    state: State
    since: int
    cause: Cause


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
    current: Incident | None, change: Change, *, new_id: UUID, channels: Sequence[UUID], now: int
) -> Opened | Resolved | None:
    """What one change of state does to the incident that is open, if any.

    Not being seen ends nothing: an outage is over when somebody saw that it is.
    """
    match change.state:
        case State.DOWN if current is None:
            return Opened(
                Incident(new_id, change.since, now, change.sequence, change.cause, tuple(channels))
            )
        case State.UP | State.DEGRADED if current is not None:
            return Resolved(resolve(current, "recovered", at=change.since, now=now))
        case State.PAUSED if current is not None:
            return Resolved(resolve(current, "paused", at=None, now=now))
    return None


def resolve(current: Incident, resolution: Resolution, *, at: int | None, now: int) -> Incident:
    """The incident, ended at `now`; `at` is when the target recovered, if it was seen to."""
    return replace(current, resolved_at=now, recovered_at=at, resolution=resolution)
