"""From events to deliveries: who is told what, written down before anything is sent."""

from collections.abc import Awaitable, Callable, Mapping

import orjson
from pydantic import ValidationError

from vedette.bus import api as bus
from vedette.core.errors import Permanent
from vedette.core.events import (
    CertificateExpiring,
    ChannelTest,
    DomainExpiring,
    Event,
    IncidentOpened,
    IncidentReminded,
    IncidentResolved,
    RegionRecovered,
    RegionUnhealthy,
)
from vedette.notifier.domain.affairs import Affair, affair_of, beginning_told_by
from vedette.notifier.domain.telling import (
    Audience,
    Received,
    deliveries_of_affair,
    deliveries_of_expiry,
    deliveries_of_test,
)
from vedette.notifier.planning import Plan
from vedette.notifier.store.planning import Planning
from vedette.notifier.storm import CALM, Storm
from vedette.store import inbox
from vedette.store.pool import Pool, transaction
from vedette.store.secretbox import SecretBox


def consumer(pool: Pool, box: SecretBox, storm: Storm = CALM) -> bus.Handler:
    """The handler of the queue: each event has its effect once, whole or not at all."""

    async def consume(message: bus.Message) -> None:
        received = _received(message.body)
        async with transaction(pool) as db:
            plan = Plan(Planning(db), box, storm)
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


async def tell_beginning(received: Received, plan: Plan) -> None:
    """Everyone behind the channels, unless it is over already."""
    affair = affair_of(received.event)
    await plan.store.lock_affair(affair.id)
    if not await plan.store.audiences(affair.id, affair.end):
        await _tell_first(received, affair, plan)


async def tell_reminder(received: Received, plan: Plan) -> None:
    """Everyone who is told of the beginning, unless it is over already."""
    affair = affair_of(received.event)
    await plan.store.lock_affair(affair.id)
    if not await plan.store.audiences(affair.id, affair.end):
        told = await plan.store.audiences(affair.id, affair.beginning)
        await plan.tell(deliveries_of_affair(received, affair, told))


async def tell_end(received: Received, plan: Plan) -> None:
    """Everyone who is told of the beginning, whatever was changed since; nobody else."""
    affair = affair_of(received.event)
    await plan.store.lock_affair(affair.id)
    told = await plan.store.audiences(affair.id, affair.beginning)
    if not told:
        event = beginning_told_by(received.event)
        envelope = event.model_dump(mode="json", exclude_none=True)
        told = await _tell_first(Received(event, envelope), affair, plan)
    await plan.tell(deliveries_of_affair(received, affair, told))


async def tell_expiry(received: Received, plan: Plan) -> None:
    """Everyone behind the monitor's channels."""
    ending = received.event.payload()
    assert isinstance(ending, CertificateExpiring | DomainExpiring)
    audiences = await plan.audiences(received.event.workspace, ending.channels)
    await plan.tell(deliveries_of_expiry(received, audiences))


async def tell_test(received: Received, plan: Plan) -> None:
    """Everyone behind one channel."""
    test = ChannelTest.model_validate(received.event.data)
    for audience in await plan.audiences(received.event.workspace, [test.channel_id]):
        await plan.tell(deliveries_of_test(received, test.test_id, audience))


async def _tell_first(beginning: Received, affair: Affair, plan: Plan) -> list[Audience]:
    """Tell everyone behind the channels that it begins; returns who that is."""
    audiences = await plan.audiences(beginning.event.workspace, affair.channels)
    await plan.tell(deliveries_of_affair(beginning, affair, audiences))
    return audiences


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
    IncidentOpened.NAME: tell_beginning,
    IncidentReminded.NAME: tell_reminder,
    IncidentResolved.NAME: tell_end,
    RegionUnhealthy.NAME: tell_beginning,
    RegionRecovered.NAME: tell_end,
    CertificateExpiring.NAME: tell_expiry,
    DomainExpiring.NAME: tell_expiry,
    ChannelTest.NAME: tell_test,
}
