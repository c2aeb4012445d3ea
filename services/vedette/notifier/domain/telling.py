"""Whom an event is told to: one delivery a recipient, with an id that is always the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vedette.core.events import (
    Event,
    IncidentOpened,
    IncidentReminded,
    IncidentResolved,
    RegionRecovered,
    RegionUnhealthy,
    Transition,
)
from vedette.core.ids import derived
from vedette.notifier.delivery import Delivery
from vedette.notifier.domain.affairs import Affair
from vedette.notifier.domain.lanes import lane

TRANSITIONS: Mapping[str, Transition] = {
    IncidentOpened.NAME: "opened",
    IncidentReminded.NAME: "reminder",
    IncidentResolved.NAME: "resolved",
    RegionUnhealthy.NAME: "unhealthy",
    RegionRecovered.NAME: "recovered",
}


@dataclass(frozen=True, slots=True)
class Received:
    """An event, and the envelope it came in."""

    event: Event
    envelope: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Audience:
    """A channel and who is behind it."""

    channel_id: UUID
    kind: str
    recipients: Sequence[str]


def deliveries_of_affair(
    received: Received, affair: Affair, audiences: Iterable[Audience]
) -> list[Delivery]:
    """Of its beginning, its end, or that it goes on."""
    transition = TRANSITIONS[received.event.name]
    number = received.event.data["number"] if transition == "reminder" else 0
    said = f"{transition} {number}" if number else transition
    return [
        _delivery(
            received,
            audience,
            recipient,
            id=delivery_id(affair.id, said, audience.channel_id, recipient),
            transition=transition,
            incident_id=affair.id,
            number=number,
            region=affair.region,
        )
        for audience in audiences
        for recipient in audience.recipients
    ]


def deliveries_of_expiry(received: Received, audiences: Iterable[Audience]) -> list[Delivery]:
    """Of what expires soon."""
    cause = received.event.id
    return [
        _delivery(
            received,
            audience,
            recipient,
            id=delivery_id(cause, "expiring", audience.channel_id, recipient),
            transition="expiring",
        )
        for audience in audiences
        for recipient in audience.recipients
    ]


def deliveries_of_test(received: Received, test_id: UUID, audience: Audience) -> list[Delivery]:
    """Of a test: the first has the test's own id, by which it is asked for."""
    return [
        _delivery(
            received,
            audience,
            recipient,
            id=delivery_id(test_id, "test", audience.channel_id, recipient) if place else test_id,
            transition="test",
        )
        for place, recipient in enumerate(audience.recipients)
    ]


def delivery_id(cause: UUID, transition: str, channel_id: UUID, recipient: str) -> UUID:
    """The id of the one message that this transition causes to this recipient."""
    return derived("delivery", cause, transition, channel_id, recipient)


def beginning_of(delivery: Delivery) -> UUID | None:
    """The id of the message that this one follows up; None for the first of its kind."""
    begun_by = {"reminder": "opened", "resolved": "opened", "recovered": "unhealthy"}
    first = begun_by.get(delivery.transition)
    if first is None or delivery.incident_id is None:
        return None
    if delivery.begun_in is not None:
        return delivery.begun_in
    return delivery_id(delivery.incident_id, first, delivery.channel_id, delivery.recipient)


def _delivery(
    received: Received,
    audience: Audience,
    recipient: str,
    *,
    id: UUID,
    transition: Transition,
    incident_id: UUID | None = None,
    number: int = 0,
    region: str | None = None,
) -> Delivery:
    return Delivery(
        id=id,
        workspace_id=received.event.workspace,
        incident_id=incident_id,
        channel_id=audience.channel_id,
        kind=audience.kind,
        recipient=recipient,
        transition=transition,
        lane=lane(audience.kind, recipient),
        event=received.envelope,
        number=number,
        region=region,
    )
