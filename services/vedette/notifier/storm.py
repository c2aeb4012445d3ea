"""Storms: when so much befalls a recipient at once that one message tells of it all. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from vedette.core.events import (
    DigestItem,
    Event,
    IncidentRef,
    MonitorRef,
    NotificationDigest,
    Transition,
    event_type,
)
from vedette.core.ids import derived
from vedette.notifier.delivery import Delivery, Status

GATHERED: frozenset[Transition] = frozenset({"opened", "reminder", "resolved"})
"""What digests tell of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """When it is one. A threshold of 0: never."""

    threshold: int = 0
    """So many messages go out by themselves in a window; what comes on top is gathered."""
    window_s: float = 60
    quiet_s: float = 15
    """A digest goes out when nothing was added for so long, or its window is over."""

    def may_gather(self, transition: Transition) -> bool:
        """Whether there can be digests of what tells of this."""
        return self.threshold > 0 and transition in GATHERED

    def gathers(self, told_lately: int) -> bool:
        """Whether one more is told of in a digest."""
        return 0 < self.threshold <= told_lately


CALM = Storm()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A delivery that a digest tells of."""

    id: UUID
    event: Mapping[str, Any]
    opened: Status | None
    """How the message that this one answers stands."""
    outdated: bool
    """Whether a later message says more."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a digest tells, and of which deliveries; the others have nothing to tell any more."""

    envelope: dict[str, Any]
    told: tuple[UUID, ...]
    incidents: tuple[UUID, ...]


def digest_id(first: Delivery) -> UUID:
    """The id of the digest that a delivery begins."""
    return derived("digest", first.id)


def told_of(members: Iterable[Member]) -> list[Member]:
    """Those that there is something to say of: as of each message by itself."""
    return [one for one in members if one.opened not in {"failed", "skipped"} and not one.outdated]


def digest_of(
    id: UUID, channel_id: UUID, transition: Transition, members: Sequence[Member]
) -> Digest | None:
    """What the digest tells of these members, always the same; None if there is nothing to say.

    Of a single one it is that one's own event.
    """
    told = told_of(members)
    if not told:
        return None
    events = [Event.model_validate(one.event) for one in told]
    items = [_item(event) for event in events]
    envelope = dict(told[0].event)
    if len(told) > 1:
        data = NotificationDigest(
            delivery_id=id, channel_id=channel_id, transition=_turn(transition), items=items
        )
        envelope = Event(
            id=derived("event", id),
            type=event_type(NotificationDigest.NAME),
            subject=data.subject(),
            time=max(event.time for event in events),
            workspace=events[0].workspace,
            traceparent=events[0].traceparent,
            data=data.model_dump(mode="json", exclude_none=True),
        ).model_dump(mode="json", exclude_none=True)
    return Digest(
        envelope, tuple(one.id for one in told), tuple(item.incident.id for item in items)
    )


def _turn(transition: Transition) -> Literal["opened", "reminder", "resolved"]:
    match transition:
        case "opened" | "reminder" | "resolved":
            return transition
        case other:
            raise ValueError(f"no digest tells of {other}")


def _item(event: Event) -> DigestItem:
    """What it says by itself, without what would make many of them too much."""
    incident = IncidentRef.model_validate(event.data["incident"])
    cause = incident.cause.model_copy(update={"phases": {}, "facts": {}, "votes": []})
    return DigestItem(
        incident=incident.model_copy(update={"cause": cause, "channels": []}),
        monitor=MonitorRef.model_validate(event.data["monitor"]),
    )
