"""Monitors that are paused, edited and deleted, channels that are tried, services that stop."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from tests.e2e.actor import Actor

from vedette.testing.sink import Sink
from vedette.testing.target import Target, running_target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_a_paused_monitor_is_left_alone_until_it_is_resumed(
    actor: Actor, target: Target, sink: Sink
) -> None:
    told = await actor.channels(sink)
    await target.refuse()
    monitor = await actor.watch(target.url, channels=told.channels)
    await eventually(lambda: told.counts() == (1, 1, 1), within=30)
    await actor.api("POST", f"/monitors/{monitor}/pause")
    assert await actor.state(monitor) == "paused"
    await eventually(lambda: told.counts() == (2, 2, 2), within=30)
    (incident,) = await actor.incidents(monitor)
    assert incident["resolution"] == "paused"

    paused_at = time.time()
    await target.listen()
    other = await actor.watch(target.url)  # two of its checks measure the time that passes

    async def two_checks() -> bool:
        return len(await actor.checks(other)) >= 3

    await eventually(two_checks, within=20)
    newest = datetime.fromisoformat((await actor.checks(monitor))[0]["slot"]).timestamp()
    assert newest < paused_at + 1

    await actor.api("POST", f"/monitors/{monitor}/resume")
    await actor.becomes(monitor, "up")
    states = [span["state"] for span in await actor.api.items(f"/monitors/{monitor}/spans")]
    assert states == ["up", "pending", "paused", "down", "pending"]
    assert len(await actor.incidents(monitor)) == 1


async def test_an_edited_monitor_goes_on_with_its_new_target_at_once(
    actor: Actor, target: Target, sink: Sink
) -> None:
    told = await actor.channels(sink)
    await target.refuse()
    monitor = await actor.watch(target.url, channels=told.channels, interval_s=3600)
    await eventually(lambda: told.counts() == (1, 1, 1), within=30)
    async with running_target() as healthy:
        await actor.api("PATCH", f"/monitors/{monitor}", {"target": {"url": healthy.url}})
        await actor.becomes(monitor, "up")
        await eventually(lambda: told.counts() == (2, 2, 2), within=30)
    (incident,) = await actor.incidents(monitor)
    assert incident["resolution"] == "recovered"


async def test_deleting_a_monitor_ends_its_incident(
    actor: Actor, target: Target, sink: Sink
) -> None:
    told = await actor.channels(sink)
    await target.refuse()
    monitor = await actor.watch(target.url, channels=told.channels)
    await eventually(lambda: told.counts() == (1, 1, 1), within=30)
    await actor.api("DELETE", f"/monitors/{monitor}")
    await eventually(lambda: told.counts() == (2, 2, 2), within=30)
    (incident,) = await actor.incidents(monitor)
    assert incident["resolution"] == "deleted"
    assert monitor not in [one["id"] for one in await actor.api.items("/monitors")]


async def test_a_channel_can_be_tried(actor: Actor, sink: Sink) -> None:
    told = await actor.channels(sink)
    for channel in told.channels:
        delivery = await actor.api("POST", f"/channels/{channel}/test")
        assert (delivery["status"], delivery["transition"]) == ("sent", "test")
    assert told.counts() == (1, 1, 1)


async def test_a_service_that_is_stopped_finishes_what_it_began(
    actor: Actor, target: Target
) -> None:
    installation = actor.installation
    target.mode = "hang"
    monitor = await actor.watch(target.url, failure_threshold=20)
    await eventually(lambda: target.requests, within=20)
    for service in ["up"] if installation.mode == "embedded" else ["prober"]:
        assert set(await installation.terminate(service)) == {0}
        await installation.start(service)
    await installation.ready()

    async def first_check() -> dict[str, str] | None:
        checks = await actor.checks(monitor)
        return checks[-1] if checks else None

    first = await eventually(first_check, within=20)
    assert first is not None
    assert first["reason"] == "timeout", "the check under way was not thrown away"


async def test_all_services_stop_cleanly(actor: Actor) -> None:
    installation = actor.installation
    for service in installation.services:
        assert set(await installation.terminate(service)) == {0}, service
        await installation.start(service)
    await installation.ready()
