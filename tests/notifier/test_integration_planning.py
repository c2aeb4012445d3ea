"""Which deliveries an event makes, in whatever order and however often it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from tests.notifier import given
from tests.notifier.world import KEY, World

from vedette.bus.api import Message
from vedette.core.errors import Permanent
from vedette.core.events import Event
from vedette.core.ids import derived
from vedette.notifier.handlers import consumer
from vedette.store.secretbox import SecretBox

ANN, BOB = "ann@example.org", "bob@example.org"


async def test_an_opening_makes_one_delivery_a_recipient(world: World) -> None:
    mail = await world.email(ANN, BOB)
    hook = await world.webhook("https://hooks.example.org/a")
    opening = world.opened(mail, hook)
    await world.receive(opening)
    rows = await world.rows()
    assert [(r["recipient"], r["lane"], r["status"]) for r in rows] == [
        (ANN, "email", "pending"),
        (BOB, "email", "pending"),
        ("https://hooks.example.org/a", "webhook:hooks.example.org:443", "pending"),
    ]
    incident = opening.data["incident"]["id"]
    assert rows[0]["id"] == derived("delivery", incident, "opened", mail, ANN)
    assert rows[0]["event"] == opening.model_dump(mode="json", exclude_none=True)


async def test_an_event_that_comes_again_adds_nothing(world: World) -> None:
    opening = world.opened(await world.email(ANN))
    await asyncio.gather(*(world.receive(opening) for _ in range(5)))
    assert len(await world.rows()) == 1


async def test_deleted_and_foreign_channels_are_left_out(world: World) -> None:
    stranger = World(pool=world.pool, dsn=world.dsn)
    await stranger.prepare()
    deleted = await world.email(ANN)
    await world.delete_channel(deleted)
    await world.receive(world.opened(deleted, await stranger.email(BOB), uuid4()))
    assert await world.rows() == []


async def test_a_resolution_goes_to_those_who_were_told(world: World) -> None:
    told, added = await world.email(ANN), await world.email(BOB)
    opening = world.opened(told)
    await world.receive(opening, world.resolved(opening, channels=[str(added)]))
    assert [(r["transition"], r["recipient"]) for r in await world.rows()] == [
        ("opened", ANN),
        ("resolved", ANN),
    ]


async def test_a_resolution_goes_to_a_channel_that_was_deleted_since(world: World) -> None:
    channel = await world.email(ANN)
    opening = world.opened(channel)
    await world.receive(opening)
    await world.delete_channel(channel)
    await world.receive(world.resolved(opening))
    assert len(await world.rows("transition = 'resolved'")) == 1


async def test_a_resolution_that_comes_first_brings_its_opening(world: World) -> None:
    opening = world.opened(await world.email(ANN))
    await world.receive(world.resolved(opening), opening)
    down, up = await world.rows()
    assert (down["transition"], up["transition"]) == ("opened", "resolved")
    assert down["event"]["type"] == "vedette.incident.opened.v1"
    assert down["event"]["data"]["incident"]["resolution"] is None


async def test_both_orders_at_once_end_the_same(world: World) -> None:
    channel = await world.email(ANN, BOB)
    openings = [world.opened(channel) for _ in range(5)]
    events = [event for o in openings for event in (o, world.resolved(o))]
    await asyncio.gather(*(world.receive(event) for event in events))
    assert len(await world.rows("transition = 'opened'")) == 10
    assert len(await world.rows("transition = 'resolved'")) == 10


async def test_a_late_opening_adds_nobody_to_what_is_over(world: World) -> None:
    opening = world.opened(await world.email(ANN))
    await world.receive(world.resolved(opening))
    late = world.opened(await world.email(BOB), id=opening.data["incident"]["id"])
    await world.receive(late)
    assert {r["recipient"] for r in await world.rows()} == {ANN}


async def test_a_test_makes_a_delivery_with_its_id(world: World) -> None:
    channel, test = await world.email(ANN, BOB), uuid4()
    await world.receive(given.a_test(channel, test, workspace=world.workspace))
    rows = await world.rows()
    assert [(r["recipient"], r["transition"]) for r in rows] == [(ANN, "test"), (BOB, "test")]
    assert rows[0]["id"] == test
    assert rows[0]["event"]["type"] == "vedette.channel.test.v1"


@pytest.mark.parametrize("ending", [given.expiring, given.domain_expiring])
async def test_what_ends_soon_makes_one_delivery_a_recipient_however_often_it_comes(
    world: World, ending: Callable[..., Event]
) -> None:
    mail, deleted = await world.email(ANN, BOB), await world.email("eve@example.org")
    await world.delete_channel(deleted)
    channels = [str(mail), str(deleted)]
    event = ending(workspace=world.workspace, channels=channels)
    await asyncio.gather(*(world.receive(event) for _ in range(5)))
    rows = await world.rows()
    assert [(r["recipient"], r["transition"]) for r in rows] == [
        (ANN, "expiring"),
        (BOB, "expiring"),
    ]
    assert rows[0]["id"] == derived("delivery", event.id, "expiring", mail, ANN)
    await world.receive(ending(workspace=world.workspace, channels=channels, threshold=3))
    assert len(await world.rows()) == 4, "each number of days is told of"


async def test_a_channel_that_cannot_be_opened_keeps_no_other_from_being_told(
    world: World,
) -> None:
    readable, unreadable = await world.email(ANN), await world.email(BOB, key="another key")
    opening = world.opened(readable, unreadable)
    with pytest.raises(Permanent, match=str(unreadable)):
        await world.receive(opening)
    assert (await world.row())["recipient"] == ANN


async def test_a_webhook_without_a_port_that_exists_keeps_no_other_from_being_told(
    world: World,
) -> None:
    impossible = await world.webhook("https://hooks.example.org:99999/")
    with pytest.raises(Permanent, match=str(impossible)):
        await world.receive(world.opened(await world.email(ANN), impossible))
    assert (await world.row())["recipient"] == ANN


async def test_a_parked_event_adds_what_was_missing_when_it_is_replayed(world: World) -> None:
    opening = world.opened(await world.email(ANN))
    world.key = "a wrong key"
    with pytest.raises(Permanent):
        await world.receive(opening)
    world.key = KEY
    await world.receive(opening)
    assert (await world.row())["recipient"] == ANN


@pytest.mark.parametrize("body", [b"", b"{}", b'{"type": "vedette.monitor.created.v1"}'])
async def test_what_is_no_event_of_ours_is_parked(world: World, body: bytes) -> None:
    with pytest.raises(Permanent):
        await consumer(world.pool, SecretBox(world.key))(Message("incident.opened", body))


async def test_a_reminder_goes_to_those_who_were_told_once_a_number(world: World) -> None:
    opening = world.opened(await world.email(ANN))
    reminders = [world.reminded(opening, number) for number in (1, 2)]
    await world.receive(opening)
    await asyncio.gather(*(world.receive(*reminders) for _ in range(3)))
    again = world.reminded(opening, 1)  # another process' event of the same reminder
    await world.receive(again)
    assert [(r["transition"], r["number"], r["recipient"]) for r in await world.rows()] == [
        ("opened", 0, ANN), ("reminder", 1, ANN), ("reminder", 2, ANN)
    ]  # fmt: skip


async def test_nobody_is_reminded_of_what_is_over(world: World) -> None:
    opening = world.opened(await world.email(ANN))
    await world.receive(opening, world.resolved(opening), world.reminded(opening))
    assert {r["transition"] for r in await world.rows()} == {"opened", "resolved"}
