"""Text messages, on a stand-in for Twilio: it has no idempotency key, so we must ask."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.notifier.world import World, by_twilio

from vedette.core.channel import ChannelConfig
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery
from vedette.testing.twilio import Twilio
from vedette.testing.waiting import eventually

ANN = "+4915112345678"


def crash_after_sending(channels: dict[str, Channel]) -> None:
    """Die as late as can be: the provider has accepted, and nobody knows."""
    send = channels["sms"].send

    async def crash(delivery: Delivery, config: ChannelConfig) -> str | None:
        await send(delivery, config)
        raise asyncio.CancelledError

    channels["sms"].send = crash  # type: ignore[method-assign]


async def test_a_text_message_is_sent(world: World, twilio: Twilio) -> None:
    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier(**by_twilio(twilio)):
        [row] = await world.has_status("sent", 1)
    [message] = twilio.messages
    assert (message.to, message.sender) == (ANN, "+15005550006")
    assert message.body.startswith("DOWN: Shop API")
    assert message.body.endswith(f"(ref {row['id'].hex[:6]})")
    assert row["provider_id"] == message.sid


async def test_a_crash_after_sending_does_not_double_it(world: World, twilio: Twilio) -> None:
    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier(break_in=crash_after_sending, **by_twilio(twilio)):
        await eventually(lambda: twilio.messages)
    await world.hurry()
    async with world.notifier(name="notifier-2", **by_twilio(twilio)):
        [row] = await world.has_status("sent", 1)
    assert len(twilio.messages) == 1
    assert row["provider_id"] == twilio.messages[0].sid
    assert row["attempts"] == 2


async def test_doubt_outlives_a_provider_that_cannot_be_asked(world: World, twilio: Twilio) -> None:
    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier(break_in=crash_after_sending, **by_twilio(twilio)):
        await eventually(lambda: twilio.messages)
    twilio.failing = 429
    await world.hurry()
    async with world.notifier(**by_twilio(twilio)):
        await world.has_error("429")
        twilio.failing = None
        await world.hurry()
        await world.has_status("sent", 1)
    assert len(twilio.messages) == 1


async def test_a_crash_before_sending_loses_nothing(world: World, twilio: Twilio) -> None:
    def crash_before_sending(channels: dict[str, Channel]) -> None:
        async def crash(delivery: Delivery, config: ChannelConfig) -> str | None:
            raise asyncio.CancelledError

        channels["sms"].send = crash  # type: ignore[method-assign]

    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier(break_in=crash_before_sending, **by_twilio(twilio)):
        await eventually(lambda: world.rows("attempts = 1"))
    await world.hurry()
    async with world.notifier(**by_twilio(twilio)):
        await world.has_status("sent", 1)
    assert len(twilio.messages) == 1


async def test_an_answer_that_never_came_leaves_doubt(world: World, twilio: Twilio) -> None:
    def lose_answers(channels: dict[str, Channel]) -> None:
        send = channels["sms"].send

        async def hang(delivery: Delivery, config: ChannelConfig) -> str | None:
            await send(delivery, config)
            await asyncio.Event().wait()
            return None

        channels["sms"].send = hang  # type: ignore[method-assign]

    await world.receive(world.opened(await world.sms(ANN)))
    settings: dict[str, Any] = {**by_twilio(twilio), "send_timeout_s": 0.5}
    async with world.notifier(break_in=lose_answers, **settings):
        await world.has_error("no answer within 0.5 s")
        await world.hurry()
        await world.has_status("sent", 1)
    assert len(twilio.messages) == 1


async def test_what_twilio_refuses_is_final_and_explained(world: World, twilio: Twilio) -> None:
    twilio.failing = 400
    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier(**by_twilio(twilio)):
        [row] = await world.has_status("failed", 1)
    assert row["error"] == "Twilio answered 400: Failing as told to (error 20001)"


async def test_wrong_credentials_can_be_mended(world: World, twilio: Twilio) -> None:
    await world.receive(world.opened(await world.sms(ANN)))
    wrong = by_twilio(twilio, twilio_auth_token="wr0ng-token")
    async with world.notifier(**wrong):
        row = await world.has_error("Twilio answered 401: Authenticate (error 20003)")
    assert "wr0ng" not in row["error"]
    await world.hurry()
    async with world.notifier(**by_twilio(twilio)):
        await world.has_status("sent", 1)


async def test_trouble_at_twilio_passes(world: World, twilio: Twilio) -> None:
    twilio.failing = 503
    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier(**by_twilio(twilio)):
        await world.has_error("Twilio answered 503")
        twilio.failing = None
        await world.hurry()
        await world.has_status("sent", 1)


async def test_without_an_account_the_delivery_says_so(world: World) -> None:
    await world.receive(world.opened(await world.sms(ANN)))
    async with world.notifier():
        await world.has_error("VEDETTE_TWILIO_ACCOUNT_SID")
