"""The external heartbeat: sent while all is well, once, and withheld with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr, ValidationError
from tests.notifier.world import KEY, World

from vedette.bus.local import LocalBus
from vedette.notifier import heartbeat
from vedette.notifier.heartbeat import Heartbeat
from vedette.notifier.http import open_session
from vedette.notifier.service import running
from vedette.notifier.settings import NotifierSettings
from vedette.runtime.resources import Resources
from vedette.testing.ports import free_port
from vedette.testing.sink import Sink
from vedette.testing.waiting import eventually


async def make_well(world: World) -> None:
    """A Vedette in one process, whose scheduler has all shards."""
    await world.pool.execute(
        "insert into process (instance, service, version, address, clock_ms, clock_error_ms)"
        " values ('up', 'up', '1', '', 0, 0) on conflict (instance) do update set seen_at = now()"
    )
    await world.pool.execute(
        "update shard set owner = 'up', expires_at = now() + interval '1 hour', watermark = now()"
    )


@pytest.fixture
async def heart(world: World, sink: Sink) -> AsyncIterator[Heartbeat]:
    await make_well(world)
    async with open_session() as http:
        yield Heartbeat(world.pool, http, url=sink.url, interval_s=60)


async def pass_by(world: World) -> None:
    """Let a minute go by."""
    await world.pool.execute("update heartbeat set looked_at = looked_at - interval '1 min'")


async def withheld(world: World) -> str | None:
    text: str | None = await world.pool.fetchval("select withheld from heartbeat")
    return text


async def test_it_is_sent_once_an_interval_however_many_there_are(
    world: World, sink: Sink, heart: Heartbeat
) -> None:
    async with open_session() as http:
        other = Heartbeat(world.pool, http, url=sink.url, interval_s=60)
        await asyncio.gather(*(one.beat() for one in [heart, other] * 3))
        assert len(sink.raw) == 1
        await pass_by(world)
        await asyncio.gather(*(one.beat() for one in [other, heart] * 3))
        assert len(sink.raw) == 2


async def test_it_is_withheld_while_something_is_bad_and_sent_again_after(
    world: World, sink: Sink, heart: Heartbeat
) -> None:
    await world.pool.execute("delete from process")
    await heart.beat()
    assert sink.raw == []
    assert (await withheld(world) or "").startswith("services: no gateway, scheduler")
    await pass_by(world)
    await make_well(world)
    await heart.beat()
    assert len(sink.raw) == 1
    assert await withheld(world) is None


async def test_one_that_fails_is_tried_again_before_its_time(
    world: World, sink: Sink, heart: Heartbeat
) -> None:
    sink.status = 503
    await heart.beat()
    assert await withheld(world) == "the ping failed: HTTP status 503"
    sink.status = 200
    await heart.beat()
    assert await withheld(world) is None
    await heart.beat()
    assert len(sink.raw) == 2


async def test_a_receiver_that_hangs_or_is_away_holds_nobody_up(
    world: World, sink: Sink, heart: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_PATIENCE_S", 0.2)
    sink.hang = True
    await heart.beat()
    assert await withheld(world) == "the ping failed: no answer within 0.2 s"
    async with open_session() as http:
        url = f"http://127.0.0.1:{free_port()}/a-secret"
        await Heartbeat(world.pool, http, url=url, interval_s=60).beat()
    said = await withheld(world) or ""
    assert said == "the ping failed: ClientConnectorError"


async def test_the_service_sends_it(world: World, sink: Sink) -> None:
    await make_well(world)
    settings = NotifierSettings(
        secret_key=SecretStr(KEY), heartbeat_url=SecretStr(sink.url), heartbeat_interval_s=1
    )
    resources = Resources(instance="n", bus=LocalBus(), drain_s=1, _pool=world.pool)
    async with running(settings, resources):
        await eventually(lambda: len(sink.raw) >= 3)


def test_a_url_of_another_scheme_is_refused() -> None:
    with pytest.raises(ValidationError, match="starts with http://"):
        NotifierSettings(heartbeat_url=SecretStr("ftp://x"))
