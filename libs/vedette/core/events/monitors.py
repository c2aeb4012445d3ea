"""Events of monitors."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from vedette.core.events.parts import Cause, EventData, MonitorRef
from vedette.core.state import State


class _MonitorEvent(EventData):
    monitor: MonitorRef

    def subject(self) -> str:
        return f"monitor/{self.monitor.id}"


class MonitorCreated(_MonitorEvent):
    """A monitor was added."""

    NAME: ClassVar[str] = "monitor.created"


class MonitorUpdated(_MonitorEvent):
    """A monitor's definition changed, or it was paused or resumed."""

    NAME: ClassVar[str] = "monitor.updated"
    paused: bool = False


class MonitorDeleted(_MonitorEvent):
    """A monitor was deleted."""

    NAME: ClassVar[str] = "monitor.deleted"


class MonitorSuspect(_MonitorEvent):
    """A round hinted at a change; a confirmation is due at `recheck_slot` (Unix ms)."""

    NAME: ClassVar[str] = "monitor.suspect"
    recheck_slot: int
    cause: Cause


class MonitorStateChanged(_MonitorEvent):
    """A monitor's state changed. `sequence` counts a monitor's changes without gaps."""

    NAME: ClassVar[str] = "monitor.state_changed"
    sequence: int
    previous: State
    state: State
    since: str
    cause: Cause | None = None


class _Expiring(_MonitorEvent):
    expires_at: str
    days_left: int = Field(description="Full days that are left.")
    threshold: int = Field(
        description="The number of days, of those that were asked for, for which this is told: "
        "once for each."
    )
    channels: list[UUID] = Field(default=[], description="The channels that are told.")


class CertificateExpiring(_Expiring):
    """A certificate, or one that it depends on, ends soon."""

    NAME: ClassVar[str] = "certificate.expiring"
    of_chain: bool = Field(
        default=False, description="Whether it is one that the target's own depends on."
    )
    issuer: str | None = Field(default=None, description="Of the target's own certificate.")
    serial: str | None = Field(default=None, description="Of the target's own certificate.")
    fingerprint: str | None = Field(
        default=None, description="The SHA-256 of the target's own certificate."
    )


class DomainExpiring(_Expiring):
    """The registration of a domain ends soon."""

    NAME: ClassVar[str] = "domain.expiring"
    domain: str
    registrar: str | None = None
