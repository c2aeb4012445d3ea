"""Order, lanes, sharing, fencing, giving up."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from tests.notifier import given
from tests.notifier.world import SECRET, World, by_mail, by_twilio

from vedette.core.channel import ChannelConfig
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery
from vedette.testing.sink import Sink, running_sink
from vedette.testing.smtp import Mailbox
from vedette.testing.twilio import Twilio
from vedette.testing.waiting import eventually

ANN = "ann@example.org"
NUMBER = "+4915112345678"


async def test_what_ends_soon_is_told_once_to_each(
    world: World, sink: Sink, mailbox: Mailbox, twilio: Twilio
) -> None:
    channels = [await world.webhook(sink.url), await world.email(ANN), await world.sms(NUMBER)]
    event = given.expiring(workspace=world.workspace, channels=list(map(str, channels)))
    await world.receive(event, event)
    async with world.notifier(**by_mail(mailbox), **by_twilio(twilio)):
        await world.has_status("sent", 3)
    (webhook,) = sink.visible()
    assert webhook.json() == event.model_dump(mode="json", exclude_none=True)
    (mail,) = mailbox.messages
    assert mail["Subject"] == "EXPIRING: Shop API — the certificate expires in 6 days"
    (text,) = twilio.messages
    assert text.body.startswith("EXPIRING: Shop API")
    sent = await world.published("notification.sent")
    assert [one.data["transition"] for one in sent] == ["expiring"] * 3


async def test_a_resolution_waits_for_its_opening(world: World, sink: Sink) -> None:
    sink.status = 500
    opening = world.opened(await world.webhook(sink.url))
    await world.receive(world.resolved(opening), opening)
    async with world.notifier():
        await world.has_error("500")
        await world.hurry()
        await eventually(lambda: len(sink.raw) >= 2)
        assert {a.json()["type"] for a in sink.raw} == {"vedette.incident.opened.v1"}
        sink.status = 200
        await world.hurry()
        await world.has_status("sent", 2)
    assert [a.json()["type"] for a in sink.visible()] == [
        "vedette.incident.opened.v1",
        "vedette.incident.resolved.v1",
    ]


async def test_a_resolution_is_skipped_if_the_opening_failed(world: World, sink: Sink) -> None:
    sink.status = 410
    opening = world.opened(await world.webhook(sink.url))
    await world.receive(opening, world.resolved(opening))
    async with world.notifier():
        [row] = await world.has_status("skipped", 1)
    assert row["error"] == "not sent: the recipient was never told that it went down"
    assert len(sink.raw) == 1
    assert len(await world.published("notification.failed")) == 1


async def test_a_channel_may_leave_out_resolutions(world: World, sink: Sink) -> None:
    quiet = await world.channel("webhook", url=sink.url, secret=SECRET, tell_resolved=False)
    opening = world.opened(quiet, await world.webhook(f"{sink.url}/all"))
    await world.receive(opening, world.resolved(opening))
    async with world.notifier():
        await world.has_status("sent", 3)
        [row] = await world.has_status("skipped", 1)
    assert row["channel_id"] == quiet
    assert "tell_resolved" in row["error"]
    assert not await world.published("notification.failed")


async def test_of_reminders_that_wait_only_the_last_is_sent(world: World, sink: Sink) -> None:
    sink.status = 500
    opening = world.opened(await world.webhook(sink.url))
    await world.receive(opening, *(world.reminded(opening, number) for number in (1, 2, 3)))
    async with world.notifier():
        await world.has_error("500")
        assert {a.json()["type"] for a in sink.raw} == {"vedette.incident.opened.v1"}
        sink.status = 200
        await world.hurry()
        await world.has_status("sent", 2)
        await world.has_status("skipped", 2)
    assert [a.json()["data"].get("number") for a in sink.visible()] == [None, 3]


async def test_a_reminder_that_waits_is_outdated_by_the_end(world: World, sink: Sink) -> None:
    opening = world.opened(await world.webhook(sink.url))
    await world.receive(opening, world.reminded(opening), world.resolved(opening))
    async with world.notifier():
        await world.has_status("sent", 2)
        [row] = await world.has_status("skipped", 1)
    assert (row["transition"], row["error"]) == ("reminder", "not sent: a later message says more")


async def test_an_end_waits_for_a_reminder_that_is_being_sent(world: World, sink: Sink) -> None:
    opening = world.opened(await world.webhook(sink.url))
    async with world.notifier():
        await world.receive(opening)
        await world.has_status("sent", 1)
        sink.status = 500
        await world.receive(world.reminded(opening))
        await world.has_error("500")
        await world.pool.execute("update delivery set claimed_by = 'x' where status = 'pending'")
        sink.status = 200
        await world.receive(world.resolved(opening))
        await world.pool.execute("notify vedette_delivery")
        await eventually(lambda: len(sink.raw) == 2)
        await world.hurry()
        await world.has_status("sent", 2)
        await world.has_status("skipped", 1)
    assert [a.json()["type"].split(".")[2] for a in sink.visible()] == ["opened", "resolved"]


async def test_a_hanging_receiver_blocks_only_its_lane(
    world: World, sink: Sink, mailbox: Mailbox
) -> None:
    sink.hang = True
    async with running_sink() as other, world.notifier(send_timeout_s=60, **by_mail(mailbox)):
        hanging = await world.webhook(sink.url)
        await world.receive(*(world.opened(hanging) for _ in range(40)))
        await eventually(lambda: len(sink.raw) == 16)
        well = [await world.webhook(other.url), await world.email(ANN)]
        await world.receive(*(world.opened(*well) for _ in range(20)))
        await world.has_status("sent", 40)
        assert len(sink.raw) == 16
        sink.hang = False
        await world.has_status("sent", 80)
    assert len(sink.visible()) == 40


async def test_two_notifiers_share_the_work(world: World, sink: Sink, twilio: Twilio) -> None:
    channels = [await world.webhook(sink.url), await world.sms("+4915112345678")]
    await world.receive(*(world.opened(*channels) for _ in range(100)))
    settings = by_twilio(twilio)
    async with world.notifier(name="one", **settings), world.notifier(name="two", **settings):
        rows = await world.has_status("sent", 200, within=30)
    assert {row["attempts"] for row in rows} == {1}
    assert len(sink.raw) == len(twilio.messages) == 100
    assert len(await world.published("notification.sent")) == 200


async def test_a_dead_notifiers_claims_come_due_again(world: World, sink: Sink) -> None:
    def hang(channels: dict[str, Channel]) -> None:
        async def never(delivery: Delivery, config: ChannelConfig) -> str | None:
            raise asyncio.CancelledError

        channels["webhook"].send = never  # type: ignore[method-assign]

    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier(name="dies", lease_s=1, break_in=hang) as dead:
        await eventually(lambda: world.rows("claimed_by = 'dies'"))
        await dead.drain(0)
    async with world.notifier(name="lives"):
        [row] = await world.has_status("sent", 1)
    assert len(sink.raw) == 1
    assert row["claimed_by"] is None


async def test_who_lost_a_claim_changes_nothing_by_failing(world: World, sink: Sink) -> None:
    sink.hang, sink.status = True, 410
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier(name="slow"):
        await eventually(lambda: sink.raw)
        await world.pool.execute("update delivery set claimed_by = 'other', attempts = 2")
        sink.hang = False
    row = await world.row()
    assert (row["status"], row["claimed_by"], row["attempts"]) == ("pending", "other", 2)
    assert await world.published("notification.failed") == []


async def test_what_was_sent_is_recorded_even_by_who_lost_the_claim(
    world: World, sink: Sink
) -> None:
    sink.hang = True
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier(name="slow"):
        await eventually(lambda: sink.raw)
        await world.pool.execute("update delivery set claimed_by = 'other', attempts = 2")
        sink.hang = False
    assert (await world.row())["status"] == "sent"
    assert len(await world.published("notification.sent")) == 1


async def test_a_lease_that_ran_out_is_not_claimed_again_by_who_still_works(
    world: World, sink: Sink
) -> None:
    sink.hang = True
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier():
        await eventually(lambda: sink.raw)
        await world.hurry()
        await world.receive(world.opened(await world.webhook(sink.url + "/2")))
        await eventually(lambda: len(sink.raw) == 2)
        sink.hang = False
        await world.has_status("sent", 2)
    assert len(sink.raw) == 2


async def test_a_sent_delivery_is_reported(world: World, sink: Sink) -> None:
    opening = world.opened(channel := await world.webhook(sink.url))
    await world.receive(opening)
    async with world.notifier():
        [row] = await world.has_status("sent", 1)
    [event] = await world.published("notification.sent")
    assert event.workspace == world.workspace
    assert event.data == {
        "delivery_id": str(row["id"]),
        "channel_id": str(channel),
        "channel_kind": "webhook",
        "transition": "opened",
        "incident_id": opening.data["incident"]["id"],
        "attempts": 1,
    }
    assert row["sent_at"] is not None
    assert row["error"] is None
    assert row["next_attempt_at"] is None


async def test_a_test_message_is_sent(world: World, mailbox: Mailbox) -> None:
    channel, test = await world.email(ANN), uuid4()
    await world.receive(given.a_test(channel, test, workspace=world.workspace))
    async with world.notifier(**by_mail(mailbox)):
        [row] = await world.has_status("sent", 1)
    assert row["id"] == test
    assert mailbox.messages[0]["Subject"] == "TEST: On call"
    [event] = await world.published("notification.sent")
    assert "incident_id" not in event.data


async def test_a_channel_deleted_meanwhile_is_not_told(world: World, mailbox: Mailbox) -> None:
    channel = await world.email(ANN)
    await world.receive(world.opened(channel))
    await world.delete_channel(channel)
    async with world.notifier(**by_mail(mailbox)):
        [row] = await world.has_status("failed", 1)
    assert row["error"] == "the channel was deleted"
    assert mailbox.messages == []


async def test_a_wrong_secret_key_waits_for_the_right_one(world: World, mailbox: Mailbox) -> None:
    await world.receive(world.opened(await world.email(ANN)))
    async with world.notifier(key="a wrong key", **by_mail(mailbox)):
        await world.has_error("VEDETTE_SECRET_KEY is not the one it was sealed with")
    await world.hurry()
    async with world.notifier(**by_mail(mailbox)):
        await world.has_status("sent", 1)


async def test_a_message_is_given_up_visibly(world: World, sink: Sink) -> None:
    sink.status = 500
    await world.receive(world.opened(await world.webhook(sink.url)))
    await world.pool.execute("update delivery set created_at = now() - interval '24 hours'")
    async with world.notifier():
        [row] = await world.has_status("failed", 1)
    assert row["error"].startswith("given up after 1 d, 1 attempts: the receiver answered 500")


async def test_a_fault_of_ours_is_tried_again(world: World, sink: Sink) -> None:
    def fault(channels: dict[str, Channel]) -> None:
        async def divide(delivery: Delivery, config: ChannelConfig) -> str | None:
            raise ZeroDivisionError

        channels["webhook"].send = divide  # type: ignore[method-assign]

    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier(break_in=fault):
        await world.has_error("error in Vedette: ZeroDivisionError")


async def test_stopping_lets_what_is_under_way_end(world: World, sink: Sink) -> None:
    sink.hang = True
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier():
        await eventually(lambda: sink.raw)
        asyncio.get_running_loop().call_later(0.2, setattr, sink, "hang", False)
    assert (await world.row())["status"] == "sent"


async def test_a_database_that_was_away_does_not_double_anything(world: World, sink: Sink) -> None:
    sink.hang = True
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier():
        await eventually(lambda: sink.raw)
        await world.pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        sink.hang = False
        await world.has_status("sent", 1)
        await world.receive(world.opened(await world.webhook(sink.url)))
        await world.has_status("sent", 2)
    assert len(sink.raw) == 2
