"""A region that loses its only prober: one message a recipient, however many monitors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.integration.test_presence import processes
from tests.world import add_monitor, add_workspace

from vedette.notifier.service import running as notifier
from vedette.notifier.settings import NotifierSettings
from vedette.prober.service import running as prober
from vedette.prober.settings import ProberSettings
from vedette.processor.regions import watch
from vedette.processor.service import running as processor
from vedette.processor.settings import ProcessorSettings
from vedette.runtime.background import background
from vedette.store.outbox import Relay
from vedette.store.pool import Pool, open_pool
from vedette.store.secretbox import SecretBox
from vedette.testing.ports import free_port
from vedette.testing.sink import Sink, running_sink
from vedette.testing.waiting import eventually

KEY = "a key for tests that is long"
SECRET = "sixteen or more characters"


@pytest.fixture(params=["local", "amqp"])
def bus_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("broker").url if request.param == "amqp" else None


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, size=12, application="test") as pool:
        yield pool


async def twenty_monitors(pool: Pool, url: str) -> None:
    workspace = await add_workspace(pool)
    channel = await pool.fetchval(
        "insert into channel (id, workspace_id, name, kind, sealed_config)"
        " values (gen_random_uuid(), $1, 'Hook', 'webhook', $2) returning id",
        workspace,
        SecretBox(KEY).seal({"url": url, "secret": SECRET}),
    )
    for _ in range(20):
        await add_monitor(pool, workspace, regions=["eu"], channels=[channel])


async def told(sink: Sink, *names: str) -> None:
    async def so() -> bool:
        return [message.json()["type"] for message in sink.raw] == [
            f"vedette.region.{name}.v1" for name in names
        ]

    await eventually(so, within=30, what=f"messages: {names}")


async def test_a_region_is_told_of_as_one(
    bus_url: str | None, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.processor.service.LOOK_S", 0.2)
    monkeypatch.setattr("vedette.processor.regions.domain.STEADY_MS", 300)
    monkeypatch.setattr(watch, "_NAMED_S", 0)
    quick = ProcessorSettings(region_unhealthy_after_s=0.3)
    settings = NotifierSettings.model_validate({"secret_key": KEY})
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        sink = await enter(running_sink())
        await twenty_monitors(pool, sink.url)
        first, second, third, one = await enter(processes(bus_url, pool, "p1", "p2", "n", "prober"))
        await enter(background("relay", Relay(pool, first.bus).run))
        for resources in (first, second):
            await enter(processor(quick, resources))
        await enter(notifier(settings, third))
        async with prober(ProberSettings(region="eu"), one):
            await _health(pool, healthy=True)
        await told(sink, "unhealthy")
        canary = f"127.0.0.1:{free_port()}"
        async with prober(ProberSettings(region="eu"), one):
            await told(sink, "unhealthy", "recovered")
        cut_off = ProberSettings(region="eu", prober_canaries=canary)
        await told(sink, "unhealthy", "recovered", "unhealthy")
        async with prober(cut_off, one):
            await eventually(lambda: _trouble(pool, "uplink"), within=30)
    assert len(sink.raw) == 3


async def _trouble(pool: Pool, trouble: str) -> bool:
    found: str | None = await pool.fetchval("select trouble from region_health")
    return found == trouble


async def _health(pool: Pool, *, healthy: bool) -> None:
    async def so() -> bool:
        row = await pool.fetchrow("select healthy, had_prober from region_health")
        return row is not None and row["healthy"] is healthy and row["had_prober"]

    await eventually(so, within=30, what="a prober to be seen")
