"""Webhooks, on a receiver that checks them as the standard says."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from tests.notifier import given
from tests.notifier.world import SECRET, World

from vedette.core.channel import ChannelConfig
from vedette.core.version import __version__
from vedette.notifier.channel import Channel
from vedette.notifier.delivery import Delivery
from vedette.testing.sink import Sink
from vedette.testing.waiting import eventually
from vedette.testing.web import serving


async def test_the_event_arrives_signed_and_as_it_was(world: World, sink: Sink) -> None:
    opening = world.opened(await world.webhook(sink.url))
    await world.receive(opening)
    async with world.notifier():
        [row] = await world.has_status("sent", 1)
    [arrival] = sink.visible()
    arrival.verify(SECRET)
    assert arrival.json() == opening.model_dump(mode="json", exclude_none=True)
    assert arrival.id == str(row["id"])
    assert arrival.headers["content-type"] == "application/cloudevents+json"
    assert arrival.headers["user-agent"] == f"Vedette/{__version__}"
    trace = given.TRACEPARENT.split("-")[1]
    assert arrival.headers["traceparent"].split("-")[1] == trace


async def test_a_failure_is_tried_again_under_the_same_id(world: World, sink: Sink) -> None:
    sink.status = 500
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier():
        await world.has_error("the receiver answered 500 Internal Server Error")
        sink.status = 200
        [row] = await world.has_status("sent", 1)
    assert [a.id for a in sink.raw] == [str(row["id"])] * 2
    assert sink.raw[0].body == sink.raw[1].body
    for arrival in sink.raw:
        arrival.verify(SECRET)


async def test_a_crash_after_sending_repeats_the_same_id(world: World, sink: Sink) -> None:
    def crash_after_sending(channels: dict[str, Channel]) -> None:
        send = channels["webhook"].send

        async def crash(delivery: Delivery, config: ChannelConfig) -> str | None:
            await send(delivery, config)
            raise asyncio.CancelledError

        channels["webhook"].send = crash  # type: ignore[method-assign]

    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier(break_in=crash_after_sending):
        await eventually(sink.visible)
    await world.hurry()
    async with world.notifier():
        await world.has_status("sent", 1)
    assert len(sink.raw) == 2
    assert len(sink.visible()) == 1


@pytest.mark.parametrize(
    ("status", "says"), [(410, "answered 410 Gone"), (302, "redirects are not followed")]
)
async def test_gone_and_moved_are_final(world: World, sink: Sink, status: int, says: str) -> None:
    sink.status = status
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier():
        [row] = await world.has_status("failed", 1)
    assert says in row["error"]
    assert len(sink.raw) == 1


async def test_the_receiver_says_why_and_when_to_come_back(world: World) -> None:
    async def busy(_request: web.Request) -> web.Response:
        return web.Response(status=429, text="Slow\ndown " * 50, headers={"Retry-After": "600"})

    app = web.Application()
    app.router.add_post("/hook", busy)
    async with serving(app) as base:
        await world.receive(world.opened(await world.webhook(f"{base}/hook")))
        async with world.notifier():
            row = await world.has_error("429 Too Many Requests: Slow down Slow down")
    wait = await world.pool.fetchval(
        "select extract(epoch from next_attempt_at - now())::float8 from delivery"
    )
    assert 590 < wait <= 600
    assert len(row["error"]) < 260


async def test_a_receiver_that_quotes_its_address_does_not_tell_it(world: World) -> None:
    async def quote(request: web.Request) -> web.Response:
        return web.Response(status=404, text=f"{'x' * 150} Cannot POST {request.raw_path}")

    app = web.Application()
    app.router.add_post("/{any:.*}", quote)
    async with serving(app) as base:
        url = f"{base}/T0/{'s3cret' * 20}"
        await world.receive(world.opened(await world.webhook(url)))
        async with world.notifier():
            row = await world.has_error("Cannot POST ***")
    assert "s3cret" not in row["error"]


@pytest.mark.parametrize("wish", ["Mon, 1 Jan 2020 00:00:00 +99999999999999", "²", "later"])
async def test_a_wish_that_cannot_be_read_is_none(world: World, wish: str) -> None:
    async def busy(_request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": wish})

    app = web.Application()
    app.router.add_post("/hook", busy)
    async with serving(app) as base:
        await world.receive(world.opened(await world.webhook(f"{base}/hook")))
        async with world.notifier():
            await world.has_error("429 Too Many Requests")


async def test_nothing_is_sent_to_a_forbidden_address(world: World, sink: Sink) -> None:
    await world.receive(world.opened(await world.webhook(sink.url)))
    async with world.notifier(notifier_forbidden="all-internal"):
        await world.has_error("VEDETTE_NOTIFIER_FORBIDDEN names all-internal (loopback)")
        assert sink.raw == []
    await world.hurry()
    async with world.notifier(notifier_forbidden="all-internal", notifier_allowed="127.0.0.1/32"):
        await world.has_status("sent", 1)


async def test_where_clouds_tell_secrets_nothing_is_sent_unless_it_is_said(world: World) -> None:
    await world.receive(world.opened(await world.webhook("http://169.254.169.254/latest/")))
    async with world.notifier():
        await world.has_error("nothing may be sent to 169.254.169.254 from here")


async def test_an_unreachable_receiver_is_named_without_its_path(world: World) -> None:
    await world.receive(world.opened(await world.webhook("http://127.0.0.1:1/T0/secret-path")))
    async with world.notifier():
        row = await world.has_error("127.0.0.1 can't be reached")
    assert "secret-path" not in row["error"]
