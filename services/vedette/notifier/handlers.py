"""From events to deliveries: who is told what, written down before anything is sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog
from pydantic import ValidationError

from vedette.bus import api as bus
from vedette.core.errors import Permanent
from vedette.core.events import (
    CertificateExpiring,
    ChannelTest,
    DomainExpiring,
    Event,
    IncidentOpened,
    IncidentRef,
    IncidentReminded,
    IncidentResolved,
    RegionOutage,
    RegionRecovered,
    RegionUnhealthy,
)
from vedette.notifier.configs import open_config
from vedette.notifier.delivery import Delivery
from vedette.notifier.domain import (
    Audience,
    deliveries_of_ending,
    deliveries_of_incident,
    deliveries_of_test,
    opening_of,
    outage_of,
)
from vedette.notifier.store import Planning
from vedette.notifier.storm import CALM, Storm
from vedette.store import inbox
from vedette.store.pool import Pool, transaction
from vedette.store.secretbox import SecretBox

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """An event, and the envelope it came in."""

    event: Event
    envelope: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a handler works with."""

    store: Planning
    box: SecretBox
    unreadable: list[UUID]
    """Channels whose configuration couldn't be opened."""
    storm: Storm

    async def tell_of_incident(self, deliveries: Sequence[Delivery]) -> None:
        """Write down what is new: each by itself, or, in a storm, in the recipient's digest."""
        if not self.storm.threshold:
            await self.store.add(deliveries)
            return
        new = await self.store.missing(deliveries)
        await self.store.lock_recipients(new)
        told = await self.store.told_lately(new, self.storm)
        alone = [one for one, count in zip(new, told, strict=True) if not self.storm.gathers(count)]
        await self.store.add(alone)
        for one, count in zip(new, told, strict=True):
            if self.storm.gathers(count):
                await self.store.gather(one, self.storm)

    async def audiences(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Audience]:
        """Who is behind the channels that exist in the workspace."""
        found = []
        for channel in await self.store.channels(workspace_id, ids):
            try:
                config = open_config(self.box, channel.kind, channel.sealed_config)
            except Permanent as error:
                log.error("can't open a channel", channel=str(channel.id), error=str(error))  # noqa: TRY400
                self.unreadable.append(channel.id)
            else:
                found.append(Audience(channel.id, channel.kind, config.recipients()))
        return found


def consumer(pool: Pool, box: SecretBox, storm: Storm = CALM) -> bus.Handler:
    """The handler of the queue: each event has its effect once, whole or not at all."""

    async def consume(message: bus.Message) -> None:
        received = _received(message.body)
        async with transaction(pool) as db:
            plan = Plan(Planning(db), box, [], storm)
            if await inbox.first_time(db, "notifier", received.event.id):
                await HANDLERS[received.event.name](received, plan)
                await plan.store.wake()
            if plan.unreadable:
                await plan.store.forget_event(received.event.id)
        # The readable channels are told whatever happens. The event is parked for the others:
        # replayed under the right key, it adds what is missing.
        if plan.unreadable:
            channels = ", ".join(map(str, plan.unreadable))
            raise Permanent(f"nobody is told behind channels that can't be opened: {channels}")

    return consume


async def tell_opening(received: Received, plan: Plan) -> None:
    """Everyone behind the incident's channels, unless it is over already."""
    incident = IncidentOpened.model_validate(received.event.data).incident
    await plan.store.lock_incident(incident.id)
    if not await plan.store.recipients(incident.id, "resolved"):
        await _add_openings(received, incident, plan)


async def tell_resolution(received: Received, plan: Plan) -> None:
    """Everyone who is told of the opening, whatever was changed since; nobody else."""
    incident = IncidentResolved.model_validate(received.event.data).incident
    await plan.store.lock_incident(incident.id)
    told = await plan.store.recipients(incident.id, "opened")
    if not told:
        opening = opening_of(received.event)
        envelope = opening.model_dump(mode="json", exclude_none=True)
        await _add_openings(Received(opening, envelope), incident, plan)
        told = await plan.store.recipients(incident.id, "opened")
    await _tell_again(received, incident, told, plan)


async def tell_reminder(received: Received, plan: Plan) -> None:
    """Everyone who is told of the opening, unless the incident is over already."""
    incident = IncidentReminded.model_validate(received.event.data).incident
    await plan.store.lock_incident(incident.id)
    if not await plan.store.recipients(incident.id, "resolved"):
        told = await plan.store.recipients(incident.id, "opened")
        await _tell_again(received, incident, told, plan)


async def tell_unhealthy(received: Received, plan: Plan) -> None:
    """Everyone behind the channels of the region's monitors, unless it is over already."""
    outage = RegionUnhealthy.model_validate(received.event.data).outage
    await plan.store.lock_incident(outage.id)
    if not await plan.store.recipients(outage.id, "recovered"):
        await _add_outage(received, outage, plan)


async def tell_recovered(received: Received, plan: Plan) -> None:
    """Everyone who is told of the outage; nobody else."""
    outage = RegionRecovered.model_validate(received.event.data).outage
    await plan.store.lock_incident(outage.id)
    told = await plan.store.recipients(outage.id, "unhealthy")
    if not told:
        beginning = outage_of(received.event)
        envelope = beginning.model_dump(mode="json", exclude_none=True)
        await _add_outage(Received(beginning, envelope), outage, plan)
        told = await plan.store.recipients(outage.id, "unhealthy")
    audiences = [Audience(channel, kind, [recipient]) for channel, kind, recipient in told]
    await _add_about_region(received, outage, audiences, plan)


async def tell_ending(received: Received, plan: Plan) -> None:
    """Everyone behind the monitor's channels."""
    ending = received.event.payload()
    assert isinstance(ending, CertificateExpiring | DomainExpiring)
    audiences = await plan.audiences(received.event.workspace, ending.channels)
    await plan.store.add(deliveries_of_ending(received.event, received.envelope, audiences))


async def tell_test(received: Received, plan: Plan) -> None:
    """Everyone behind one channel."""
    test = ChannelTest.model_validate(received.event.data)
    for audience in await plan.audiences(received.event.workspace, [test.channel_id]):
        await plan.store.add(
            deliveries_of_test(received.event, received.envelope, test.test_id, audience)
        )


async def _add_openings(opening: Received, incident: IncidentRef, plan: Plan) -> None:
    audiences = await plan.audiences(opening.event.workspace, incident.channels)
    await plan.tell_of_incident(
        deliveries_of_incident(opening.event, opening.envelope, incident.id, audiences)
    )


async def _tell_again(
    received: Received, incident: IncidentRef, told: Sequence[tuple[UUID, str, str]], plan: Plan
) -> None:
    """The same recipients, whatever their channels are by now."""
    audiences = [Audience(channel, kind, [recipient]) for channel, kind, recipient in told]
    await plan.tell_of_incident(
        deliveries_of_incident(received.event, received.envelope, incident.id, audiences)
    )


async def _add_outage(received: Received, outage: RegionOutage, plan: Plan) -> None:
    audiences = await plan.audiences(received.event.workspace, outage.channels)
    await _add_about_region(received, outage, audiences, plan)


async def _add_about_region(
    received: Received, outage: RegionOutage, audiences: Sequence[Audience], plan: Plan
) -> None:
    await plan.store.add(
        deliveries_of_incident(
            received.event, received.envelope, outage.id, audiences, region=outage.region
        )
    )


def _received(body: bytes) -> Received:
    try:
        envelope = orjson.loads(body)
        event = Event.model_validate(envelope)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise Permanent(f"not an event: {error}") from error
    if event.name not in HANDLERS:
        raise Permanent(f"the notifier tells nobody of {event.type}")
    return Received(event, envelope)


HANDLERS: Mapping[str, Callable[[Received, Plan], Awaitable[None]]] = {
    IncidentOpened.NAME: tell_opening,
    IncidentReminded.NAME: tell_reminder,
    IncidentResolved.NAME: tell_resolution,
    CertificateExpiring.NAME: tell_ending,
    DomainExpiring.NAME: tell_ending,
    RegionUnhealthy.NAME: tell_unhealthy,
    RegionRecovered.NAME: tell_recovered,
    ChannelTest.NAME: tell_test,
}
