"""A target breaks and comes back: who is told what, how often, and when."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import datetime

import pytest
from tests.e2e.actor import Actor

from vedette.testing.sink import Sink
from vedette.testing.target import Target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

OPENED, RESOLVED = "vedette.incident.opened.v1", "vedette.incident.resolved.v1"
DELIVERED_WITHIN_S = 15


async def test_one_incident_and_one_message_a_channel_each_way(
    actor: Actor, target: Target, sink: Sink
) -> None:
    told = await actor.channels(sink)
    monitor = await actor.watch(target.url, channels=told.channels, name="Shop")
    await actor.becomes(monitor, "up")

    await target.refuse()
    await actor.becomes(monitor, "down")
    await eventually(lambda: told.counts() == (1, 1, 1), within=DELIVERED_WITHIN_S)
    assert told.hooks() == [OPENED]
    assert "Shop" in told.mails()[0]

    await target.listen()
    await actor.becomes(monitor, "up")
    await eventually(lambda: told.counts() == (2, 2, 2), within=DELIVERED_WITHIN_S)
    assert told.hooks() == [OPENED, RESOLVED]

    (incident,) = await actor.incidents(monitor)
    assert (incident["state"], incident["resolution"]) == ("resolved", "recovered")
    assert incident["cause"]["reason"] == "connect_refused"
    expected = {
        (kind, transition, "sent")
        for kind in ("email", "sms", "webhook")
        for transition in ("opened", "resolved")
    }

    async def marked() -> bool:
        """A message is there before it is marked as sent."""
        deliveries = await actor.api.items(f"/deliveries?incident={incident['id']}")
        assert len(deliveries) == len(expected)
        return {(d["kind"], d["transition"], d["status"]) for d in deliveries} == expected

    await eventually(marked, within=DELIVERED_WITHIN_S)
    opened, resolved = (arrival.json()["data"]["incident"] for arrival in sink.visible())
    assert opened["id"] == resolved["id"] == incident["id"]
    assert resolved["duration_s"] > 0
    assert len(sink.raw) == 2, "nothing went wrong, so nothing was sent twice"


async def test_a_trace_leads_from_the_slot_to_the_message(
    actor: Actor, target: Target, sink: Sink
) -> None:
    told = await actor.channels(sink)
    target.mode = "status:500"
    await actor.watch(target.url, channels=told.channels)
    await eventually(lambda: told.hooks() == [OPENED], within=30)
    (arrival,) = sink.visible()
    assert (
        arrival.headers["traceparent"].split("-")[1] == arrival.json()["traceparent"].split("-")[1]
    )


async def test_a_mail_server_that_refuses_for_a_while_gets_it_later(
    actor: Actor, target: Target, sink: Sink
) -> None:
    told = await actor.channels(sink)
    monitor = await actor.watch(target.url, channels=told.channels)
    await actor.becomes(monitor, "up")
    actor.mailbox.refusing = True
    try:
        await target.refuse()
        await eventually(lambda: told.counts() == (0, 1, 1), within=30)
        await target.listen()
        await eventually(lambda: told.counts() == (0, 2, 2), within=30)
    finally:
        actor.mailbox.refusing = False
    await eventually(lambda: len(told.mails()) == 2, within=60)
    assert told.mails()[0].startswith("DOWN")
    assert told.mails()[1].startswith("UP")


async def test_a_service_killed_in_between_loses_and_doubles_nothing(
    actor: Actor, target: Target, sink: Sink
) -> None:
    installation = actor.installation
    told = await actor.channels(sink)
    monitor = await actor.watch(target.url, channels=told.channels)
    await actor.becomes(monitor, "up")
    for number, service in enumerate(installation.services, start=1):
        await target.refuse()
        # At a moment that differs from service to service: some before the verdict, some after.
        await asyncio.sleep(number * 0.9)
        await installation.kill(service)
        await installation.start(service)
        await installation.ready()
        await told.everything(2 * number - 1, within=60)
        await target.listen()
        await installation.kill(service)
        await installation.start(service)
        await installation.ready()
        await told.everything(2 * number, within=60)
        assert told.hooks() == [OPENED, RESOLVED] * number, service
        incidents = await actor.incidents(monitor)
        assert [one["resolution"] for one in incidents] == ["recovered"] * number, service


async def test_every_slot_is_accounted_for_after_a_kill(actor: Actor, target: Target) -> None:
    installation = actor.installation
    monitor = await actor.watch(target.url)
    await actor.becomes(monitor, "up")
    for service in installation.services:
        await installation.kill(service)
    for service in installation.services:
        await installation.start(service)
    await installation.ready()
    restarted = time.time()

    async def seen_again() -> bool:
        return _slots(await actor.checks(monitor))[0] > restarted + 6

    await eventually(seen_again, within=60, what="two more checks")
    slots = _slots(await actor.checks(monitor))
    regular = slots[:-1]  # the last is the first check, at once after the monitor was made
    gaps = [round(later - earlier, 3) for later, earlier in itertools.pairwise(regular)]
    assert set(gaps) == {5.0}, f"a slot is missing or doubled: {gaps}"


def _slots(checks: list[dict[str, str]]) -> list[float]:
    return [datetime.fromisoformat(check["slot"]).timestamp() for check in checks]
