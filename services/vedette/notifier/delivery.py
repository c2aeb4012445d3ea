"""A delivery, one attempt at it, and how the attempt can end."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from vedette.core.errors import VedetteError
from vedette.core.events import Transition
from vedette.notifier.words import one_line

Status = Literal["pending", "sent", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one recipient."""

    id: UUID
    workspace_id: UUID
    incident_id: UUID | None
    """What its messages belong together by: an incident, or the outage of `region`."""
    channel_id: UUID
    kind: str
    recipient: str
    transition: Transition
    lane: str
    event: dict[str, Any]
    number: int = 0
    """Which of an incident's reminders it is; 0 for what is said once."""
    region: str | None = None
    """The region it is about, if it is about one."""
    begun_in: UUID | None = None
    """The digest that told of its beginning, if one did."""
    members: int = 0
    """How many deliveries it tells of, if it is a digest."""
    told: tuple[UUID, ...] = ()
    """Those of them that there is something to say of."""
    incidents: tuple[UUID, ...] = ()
    """The incidents that these are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that is ours to attempt, for as long as the lease runs."""

    delivery: Delivery
    attempt: int
    age_s: float
    doubtful: bool
    """Whether an earlier attempt may have been accepted without our knowing."""
    opened: Status | None
    """How the message this one answers stands; None for a message that answers none."""
    outdated: bool
    """Whether a later message says more: the incident's end, or another reminder."""
    sealed_config: bytes
    channel_deleted: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted it, under its own id if it gave one."""

    provider_id: str | None


@dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt follows."""

    in_s: float
    error: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """It was given up."""

    error: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """There is nothing to say to this recipient."""

    error: str


Outcome = Sent | Retry | Failed | Skipped


class Unwanted(VedetteError):
    """Whoever is behind the channel does not want to be told this."""


class SendFailed(VedetteError):
    """A provider did not accept a message; the text is for an operator and holds no secret.

    `uncertain`: it may have accepted it all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        retry_after_s: float = 0,
    ) -> None:
        # Providers write what they like; a row and a log line take printable text.
        super().__init__(one_line(message, limit=500))
        self.permanent = permanent
        self.uncertain = uncertain
        self.retry_after_s = retry_after_s
