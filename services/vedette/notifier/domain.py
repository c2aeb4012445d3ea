"""The notifier's decisions: whom to tell, in what order, how many at once, when to try again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from vedette.core.events import (
    Event,
    IncidentOpened,
    IncidentReminded,
    IncidentResolved,
    RegionRecovered,
    RegionUnhealthy,
    Transition,
    event_type,
)
from vedette.core.ids import derived
from vedette.notifier.delivery import (
    Claim,
    Delivery,
    Failed,
    Retry,
    SendFailed,
    Skipped,
)
from vedette.notifier.words import duration, masked


@dataclass(frozen=True, slots=True)
class Limit:
    """How many messages of a kind a process sends at once: to each lane, and in all.

    A lane takes at most half of what its kind has free, so it takes many hanging providers to
    keep the others waiting. `in_all` is at least twice `each`, or a lone lane would never fill.
    """

    each: int
    in_all: int


LIMITS: Mapping[str, Limit] = {
    "email": Limit(each=4, in_all=8),
    "sms": Limit(each=8, in_all=16),
    "webhook": Limit(each=16, in_all=128),
}
_OTHER = Limit(each=4, in_all=32)

TRANSITIONS: Mapping[str, Transition] = {
    IncidentOpened.NAME: "opened",
    IncidentReminded.NAME: "reminder",
    IncidentResolved.NAME: "resolved",
    RegionUnhealthy.NAME: "unhealthy",
    RegionRecovered.NAME: "recovered",
}

_PORTS = {"http": 80, "https": 443}
_FIRST_RETRY_S = 2.0
_LONGEST_RETRY_S = 300.0
_JITTER = 0.2
_LONGEST_RETRY_AFTER_S = 900.0
# What a provider took in without telling us shows up in its own records only after a while.
_SETTLING_S = 10.0


@dataclass(frozen=True, slots=True)
class Audience:
    """A channel and who is behind it."""

    channel_id: UUID
    kind: str
    recipients: Sequence[str]


def deliveries_of_incident(
    event: Event,
    envelope: dict[str, Any],
    incident_id: UUID,
    audiences: Iterable[Audience],
    *,
    region: str | None = None,
) -> list[Delivery]:
    """One delivery a recipient. The same transition always gives the same ids.

    With a region, what it is about is that region's outage.
    """
    transition = TRANSITIONS[event.name]
    number = event.data["number"] if transition == "reminder" else 0
    said = f"{transition} {number}" if number else transition
    return [
        Delivery(
            id=delivery_id(incident_id, said, audience.channel_id, recipient),
            workspace_id=event.workspace,
            incident_id=incident_id,
            channel_id=audience.channel_id,
            kind=audience.kind,
            recipient=recipient,
            transition=transition,
            lane=lane(audience.kind, recipient),
            event=envelope,
            number=number,
            region=region,
        )
        for audience in audiences
        for recipient in audience.recipients
    ]


def deliveries_of_ending(
    event: Event, envelope: dict[str, Any], audiences: Iterable[Audience]
) -> list[Delivery]:
    """One delivery a recipient, of what ends soon. The same event always gives the same ids."""
    return [
        Delivery(
            id=delivery_id(event.id, "expiring", audience.channel_id, recipient),
            workspace_id=event.workspace,
            incident_id=None,
            channel_id=audience.channel_id,
            kind=audience.kind,
            recipient=recipient,
            transition="expiring",
            lane=lane(audience.kind, recipient),
            event=envelope,
        )
        for audience in audiences
        for recipient in audience.recipients
    ]


def deliveries_of_test(
    event: Event, envelope: dict[str, Any], test_id: UUID, audience: Audience
) -> list[Delivery]:
    """One delivery a recipient; the first has the test's own id, by which it is asked for."""
    return [
        Delivery(
            id=delivery_id(test_id, "test", audience.channel_id, recipient) if place else test_id,
            workspace_id=event.workspace,
            incident_id=None,
            channel_id=audience.channel_id,
            kind=audience.kind,
            recipient=recipient,
            transition="test",
            lane=lane(audience.kind, recipient),
            event=envelope,
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


def opening_of(resolved: Event) -> Event:
    """An incident's opening as its resolution tells it, for when that one arrives first."""
    data = IncidentResolved.model_validate(resolved.data)
    incident = data.incident.model_copy(
        update={
            "state": "investigating",
            "resolved_at": None,
            "duration_s": None,
            "resolution": None,
        }
    )
    return Event(
        id=derived("event", incident.id, "opened"),
        type=event_type(IncidentOpened.NAME),
        subject=resolved.subject,
        time=incident.opened_at,
        workspace=resolved.workspace,
        traceparent=resolved.traceparent,
        data=IncidentOpened(incident=incident, monitor=data.monitor).model_dump(mode="json"),
    )


def outage_of(recovered: Event) -> Event:
    """A region's outage as its end tells it, for when that one arrives first."""
    data = RegionRecovered.model_validate(recovered.data)
    outage = data.outage.model_copy(
        update={"ended_at": None, "duration_s": None, "resolution": None}
    )
    return Event(
        id=derived("event", outage.id, "unhealthy", recovered.workspace),
        type=event_type(RegionUnhealthy.NAME),
        subject=recovered.subject,
        time=outage.since,
        workspace=recovered.workspace,
        traceparent=recovered.traceparent,
        data=RegionUnhealthy(outage=outage).model_dump(mode="json"),
    )


def lane(kind: str, recipient: str) -> str:
    """What waits together when a provider is slow: a kind, or a host where that is the provider."""
    parts = urlsplit(recipient) if "://" in recipient else None
    if parts is None:
        return kind
    return f"{kind}:{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def kind_of(name: str) -> str:
    """The kind of channel a lane belongs to."""
    return name.partition(":")[0]


def allot(due: Iterable[str], busy: Mapping[str, int]) -> dict[str, int]:
    """How many more messages each due lane may send now, given how many it is sending."""
    sending = Counter[str]()
    for name, count in busy.items():
        sending[kind_of(name)] += count
    places = {}
    for name in due:
        kind = kind_of(name)
        limit = LIMITS.get(kind, _OTHER)
        half = (limit.in_all - sending[kind] + 1) // 2
        free = min(limit.each - busy.get(name, 0), half)
        if free > 0:
            places[name] = free
            sending[kind] += free
    return places


def before_sending(claim: Claim) -> Failed | Skipped | None:
    """Why a message is not to be sent after all; None when it is."""
    if claim.delivery.members and not claim.delivery.told:
        return Skipped("not sent: there is nothing left to tell")
    if claim.opened in {"failed", "skipped"}:
        return Skipped("not sent: the recipient was never told that it went down")
    if claim.outdated:
        return Skipped("not sent: a later message says more")
    if claim.channel_deleted:
        return Failed("the channel was deleted")
    return None


def after_failure(
    failure: SendFailed, claim: Claim, *, give_up_after_s: float, jitter: float
) -> Retry | Failed:
    """What a failed attempt means for the delivery. `jitter` lies between -1 and 1."""
    # Servers like to quote the recipient; logs and events must not.
    recipient = claim.delivery.recipient
    error = str(failure).replace(recipient, masked(recipient))
    if failure.permanent:
        return Failed(error)
    wait_s = max(
        backoff(claim.attempt, jitter),
        min(failure.retry_after_s, _LONGEST_RETRY_AFTER_S),
        _SETTLING_S if failure.uncertain else 0,
    )
    if claim.age_s + wait_s > give_up_after_s:
        return Failed(f"given up after {duration(claim.age_s)}, {claim.attempt} attempts: {error}")
    return Retry(wait_s, error, doubtful=failure.uncertain)


def backoff(attempt: int, jitter: float) -> float:
    """Seconds until the attempt after this one (from 1)."""
    # The exponent is bounded first: attempts are not, and floats overflow.
    doubled = _FIRST_RETRY_S * float(2 ** min(attempt - 1, 16))
    return min(doubled, _LONGEST_RETRY_S) * (1 + _JITTER * jitter)
