"""A great outage: single messages up to the threshold, digests for the rest, nothing twice."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from tests.notifier import given
from tests.notifier.world import World, by_mail, by_twilio

from vedette.core.channel import ChannelConfig
from vedette.core.events import Event
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery
from vedette.notifier.storm import Storm
from vedette.testing.sink import Arrival, Sink
from vedette.testing.smtp import Mailbox
from vedette.testing.twilio import Twilio
from vedette.testing.waiting import eventually

ANN, BOB = "ann@example.org", "bob@example.org"
NUMBER = "+4915112345678"
THRESHOLD = 10


@pytest.fixture(autouse=True)
def _storms(world: World) -> None:
    world.storm = Storm(threshold=THRESHOLD, window_s=60, quiet_s=1)


def outages(world: World, count: int, *channels: Any) -> list[Event]:
    return [
        given.opened(
            given.an_incident(channels=list(channels)),
            workspace=world.workspace,
            monitor=given.a_monitor(name=f"Shop {number}"),
        )
        for number in range(count)
    ]


async def receive(world: World, events: Sequence[Event], at_once: int = 8) -> None:
    """As from a queue: several at once, in whatever order."""
    waiting = list(events)
    random.Random(7).shuffle(waiting)

    async def one() -> None:
        while waiting:
            await world.receive(waiting.pop())

    await asyncio.gather(*(one() for _ in range(at_once)))


def told(arrivals: Sequence[Arrival], turn: str) -> Counter[str]:
    """How often each incident's turn was told of, alone or in a digest."""
    found: Counter[str] = Counter()
    for arrival in arrivals:
        event = arrival.json()
        data = event["data"]
        if event["type"] == f"vedette.incident.{turn}.v1":
            found[data["incident"]["id"]] += 1
        elif event["type"] == "vedette.notification.digest.v1" and data["transition"] == turn:
            found.update(item["incident"]["id"] for item in data["items"])
    return found


def ids(events: Sequence[Event]) -> Counter[str]:
    return Counter(event.data["incident"]["id"] for event in events)


def alone(arrivals: Sequence[Arrival], turn: str) -> int:
    return sum(one.json()["type"] == f"vedette.incident.{turn}.v1" for one in arrivals)


async def settled(world: World, within: float = 60) -> None:
    async def so() -> bool:
        return not await world.rows("status = 'pending'")

    await eventually(so, within=within, what="all deliveries to be settled")


async def test_a_few_outages_are_told_of_one_by_one(world: World, sink: Sink) -> None:
    events = outages(world, THRESHOLD, await world.webhook(sink.url))
    await receive(world, events)
    assert not await world.rows("members > 0 or digest_id is not null")
    async with world.notifier():
        await world.has_status("sent", THRESHOLD)
    assert told(sink.visible(), "opened") == ids(events)


async def test_many_are_told_of_once_each_and_so_are_their_ends(
    world: World, sink: Sink, mailbox: Mailbox, twilio: Twilio
) -> None:
    channels = [
        await world.webhook(sink.url), await world.email(ANN, BOB), await world.sms(NUMBER)
    ]  # fmt: skip
    events = outages(world, 300, *channels)
    ends = [world.resolved(event) for event in events]
    settings = {**by_mail(mailbox), **by_twilio(twilio)}
    for turns in (events, ends):
        await receive(world, turns)
        async with world.notifier(name="one", **settings), world.notifier(name="two", **settings):
            await settled(world)
    arrivals = sink.visible()
    assert len(arrivals) == len(sink.raw) == 2 * (THRESHOLD + 1)
    for turn in ("opened", "resolved"):
        assert told(arrivals, turn) == ids(events)
        assert alone(arrivals, turn) == THRESHOLD
    for who in (ANN, BOB):
        subjects = [mail["Subject"] for mail in mailbox.messages if mail["To"] == who]
        assert len(subjects) == 2 * (THRESHOLD + 1)
        (many,) = [one for one in subjects if one.startswith("DOWN: 290 monitors — ")]
        assert re.search(r"Shop \d+, Shop \d+, Shop \d+, Shop \d+, Shop \d+ and 285 more$", many)
    (text,) = [one.body for one in twilio.messages if one.body.startswith("DOWN: 290 monitors: ")]
    assert len(text) <= 160
    assert "and 285 more (ref " in text
    assert {row["status"] for row in await world.rows()} == {"sent"}
    sent = await world.published("notification.sent")
    digests = [event for event in sent if "incident_ids" in event.data]
    assert [len(event.data["incident_ids"]) for event in digests] == [290] * 8
    assert all("incident_id" not in event.data for event in digests)


async def test_what_is_planned_and_sent_at_the_same_time_is_told_once_each(
    world: World, sink: Sink
) -> None:
    world.storm = Storm(threshold=3, window_s=60, quiet_s=0.1)
    events = outages(world, 60, await world.webhook(sink.url))
    async with world.notifier(name="one"), world.notifier(name="two"):
        await receive(world, events)
        await receive(world, [world.resolved(event) for event in events])
        await settled(world)
    for turn in ("opened", "resolved"):
        assert told(sink.visible(), turn) == told(sink.raw, turn) == ids(events)


async def test_each_recipient_has_a_storm_of_its_own(world: World, sink: Sink) -> None:
    busy, calm = await world.webhook(sink.url), await world.webhook(f"{sink.url}/calm")
    events = outages(world, 20, busy) + outages(world, 3, busy, calm)
    for event in events:
        await world.receive(event)
    rows = await world.rows("digest_id is not null")
    assert {row["channel_id"] for row in rows} == {busy}
    assert len(rows) == 13


async def test_an_event_that_comes_again_changes_no_digest(world: World, sink: Sink) -> None:
    events = outages(world, 30, await world.webhook(sink.url))
    await receive(world, events + events)
    for event in events[:5]:  # as another process' event of the same incident
        await world.receive(event.model_copy(update={"id": given.an_incident().id}))
    (digest,) = await world.rows("members > 0")
    assert digest["members"] == 20
    assert len(await world.rows("digest_id is not null")) == 20


async def test_when_the_storm_is_over_messages_are_single_again(world: World, sink: Sink) -> None:
    channel = await world.webhook(sink.url)
    await receive(world, outages(world, 20, channel))
    await world.pool.execute("update delivery set created_at = created_at - interval '61 s'")
    await receive(world, outages(world, 1, channel))
    assert len(await world.rows("digest_id is null and members = 0")) == THRESHOLD + 1


async def test_ends_wait_for_a_digest_that_can_not_be_sent_yet(world: World, sink: Sink) -> None:
    sink.status = 500
    events = outages(world, 40, await world.webhook(sink.url))
    await receive(world, events)
    await receive(world, [world.resolved(event) for event in events])
    async with world.notifier():
        await world.has_error("500")
        await world.hurry()
        await eventually(lambda: any("digest" in one.json()["type"] for one in sink.raw), within=20)
        assert not told(sink.raw, "resolved")
        sink.status = 200
        await _hurried(world)
    assert told(sink.visible(), "opened") == ids(events)
    assert told(sink.visible(), "resolved") == ids(events)
    order = [one.json() for one in sink.visible()]
    first_end = next(n for n, one in enumerate(order) if "resolved" in str(one["type"]))
    assert first_end > 0


async def _hurried(world: World) -> None:
    async def so() -> bool:
        await world.hurry()
        return not await world.rows("status = 'pending'")

    await eventually(so, within=60, what="all deliveries to be settled")


async def test_of_what_nobody_was_told_no_end_is_told(world: World, sink: Sink) -> None:
    sink.status = 410
    events = outages(world, 30, await world.webhook(sink.url))
    await receive(world, events)
    async with world.notifier():
        await _hurried(world)
        sink.status = 200
        await receive(world, [world.resolved(event) for event in events])
        await _hurried(world)
    assert sink.visible() == []
    rows = await world.rows("transition = 'resolved'")
    assert {row["status"] for row in rows} == {"skipped"}
    assert len(await world.published("notification.failed")) == THRESHOLD + 1


async def test_reminders_of_many_are_gathered_and_outdated_by_their_ends(
    world: World, sink: Sink
) -> None:
    events = outages(world, 30, await world.webhook(sink.url))
    await receive(world, events)
    async with world.notifier():
        await settled(world)
    await receive(world, [world.reminded(event) for event in events])
    over = events[:4]
    await receive(world, [world.resolved(event) for event in over])
    async with world.notifier():
        await settled(world)
    reminded = told(sink.visible(), "reminder") + told(sink.visible(), "reminded")
    assert not reminded & ids(over)
    assert reminded == ids(events[4:])
    assert told(sink.visible(), "resolved") == ids(over)


async def test_a_digest_of_one_is_a_message_like_any_other(world: World, mailbox: Mailbox) -> None:
    events = outages(world, THRESHOLD + 1, await world.email(ANN))
    for event in events:
        await world.receive(event)
    async with world.notifier(**by_mail(mailbox)):
        await settled(world)
    assert all("is down" in str(mail.get_body(("plain",))) for mail in mailbox.messages)
    assert len(mailbox.messages) == THRESHOLD + 1


async def test_an_end_answers_the_digest_that_told_of_its_beginning(
    world: World, mailbox: Mailbox
) -> None:
    events = outages(world, 20, await world.email(ANN))
    for event in events:
        await world.receive(event)
    async with world.notifier(**by_mail(mailbox)):
        await settled(world)
        await world.receive(world.resolved(events[-1]))
        await settled(world)
    (digest,) = [mail for mail in mailbox.messages if "monitors" in mail["Subject"]]
    (end,) = [mail for mail in mailbox.messages if mail["Subject"].startswith("UP")]
    assert end["In-Reply-To"] == digest["Message-ID"]


async def test_a_digest_whose_sender_died_is_sent_again_as_the_same(
    world: World, sink: Sink
) -> None:
    """As by kill -9 after the receiver has taken it, and before that was written down."""

    def die_after_sending(channels: dict[str, Channel]) -> None:
        send = channels["webhook"].send

        async def sent(delivery: Delivery, config: ChannelConfig) -> str | None:
            await send(delivery, config)
            raise asyncio.CancelledError

        channels["webhook"].send = sent  # type: ignore[method-assign]

    events = outages(world, 60, await world.webhook(sink.url))
    await receive(world, events)
    async with world.notifier(name="dies", lease_s=1, break_in=die_after_sending) as dead:
        await eventually(lambda: alone(sink.raw, "opened") < len(sink.raw), within=30)
        await dead.drain(0)
    await receive(world, [world.resolved(event) for event in events])
    async with world.notifier(name="lives"):
        await _hurried(world)
    for turn in ("opened", "resolved"):
        assert told(sink.visible(), turn) == ids(events)
    again = [one for one in sink.raw if "digest" in one.json()["type"]]
    bodies = {one.id: one.body for one in again}
    assert all(bodies[one.id] == one.body for one in again), "the same each time"


async def test_a_digest_that_is_being_sent_takes_nothing_in(world: World, sink: Sink) -> None:
    channel = await world.webhook(sink.url)
    await receive(world, outages(world, 20, channel))
    async with world.notifier():
        await eventually(lambda: len(sink.raw) == THRESHOLD, within=20)
        sink.hang = True
        await eventually(lambda: len(sink.raw) == THRESHOLD + 1, within=20)
        late = outages(world, 5, channel)
        await receive(world, late)
        sink.hang = False
        await settled(world)
    rows = await world.rows("members > 0")
    assert [row["members"] for row in rows] == [10, 5]
    assert told(sink.visible(), "opened").most_common(1)[0][1] == 1


async def test_a_digest_is_full_at_some_time(world: World, sink: Sink) -> None:
    channel = await world.webhook(sink.url)
    await world.receive(*outages(world, THRESHOLD + 1, channel))
    await world.pool.execute("update delivery set members = 500 where members > 0")
    await world.receive(*outages(world, 1, channel))
    assert len(await world.rows("members > 0")) == 2
