"""A whole prober on the bus of one process."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from tests.prober.support import OK, a_batch, a_job, hang, serving

from vedette.bus.api import Exchange, Message, Outgoing
from vedette.bus.local import LocalBus
from vedette.bus.topology import RESULTS
from vedette.core.outcome import Outcome
from vedette.core.result import Result, ResultBatch
from vedette.prober.service import running
from vedette.prober.settings import ProberSettings
from vedette.runtime.resources import Resources


class Inbox:
    """The results that arrived."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.arrived = asyncio.Event()

    async def receive(self, message: Message) -> None:
        self.results += ResultBatch.model_validate_json(message.body).results
        self.arrived.set()


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def send(bus: LocalBus, key: str, *jobs: dict[str, Any]) -> None:
    await bus.publish(Exchange.JOBS, [Outgoing(key=key, body=a_batch(*jobs))])


@pytest.mark.parametrize("queue", ["here", "here.urgent"])
async def test_jobs_become_results(queue: str) -> None:
    bus, inbox = LocalBus(), Inbox()
    await bus.consume(RESULTS, inbox.receive, prefetch=1)
    labels = {"kind": "http", "region": "here", "outcome": "up", "reason": ""}
    before = value("monitor_checks_total", **labels)
    async with (
        serving(OK) as server,
        running(ProberSettings(region="here"), Resources(instance="i", bus=bus, drain_s=5)),
    ):
        await send(bus, queue, a_job(server.url))
        await asyncio.wait_for(inbox.arrived.wait(), 5)
    assert [result.outcome for result in inbox.results] == [Outcome.UP]
    assert value("monitor_checks_total", **labels) == before + 1
    assert value("vedette_prober_in_flight") == 0
    await bus.close()


async def test_stopping_finishes_what_is_under_way() -> None:
    bus, inbox = LocalBus(), Inbox()
    await bus.consume(RESULTS, inbox.receive, prefetch=1)
    async with serving(hang) as server:
        async with running(ProberSettings(), Resources(instance="i", bus=bus, drain_s=5)):
            await send(bus, "default", a_job(server.url, timeout_s=0.3))
            await server.arrived.wait()
        await asyncio.wait_for(inbox.arrived.wait(), 1)
    assert [result.outcome for result in inbox.results] == [Outcome.DOWN]
    await bus.close()


async def test_stopping_does_not_wait_for_ever() -> None:
    bus = LocalBus()
    async with (
        serving(hang) as server,
        asyncio.timeout(5),
        running(ProberSettings(), Resources(instance="i", bus=bus, drain_s=0.1)),
    ):
        await send(bus, "default", a_job(server.url, timeout_s=60))
        await server.arrived.wait()
    await bus.close()


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ("192.0.2.1", ["192.0.2.1:53"]),
        ("192.0.2.1:5353, ::1", ["192.0.2.1:5353", "[::1]:53"]),
        ("[::1]:5353,[::1]", ["[::1]:5353", "[::1]:53"]),
    ],
)
def test_name_servers(given: str, addresses: list[str]) -> None:
    assert ProberSettings(prober_nameservers=given).nameservers() == addresses


@pytest.mark.parametrize("given", ["dns.example", "192.0.2.1:x", "192.0.2.1:0", "", "1.2.3.4,"])
def test_name_servers_that_can_not_be(given: str) -> None:
    with pytest.raises(ValidationError):
        ProberSettings(prober_nameservers=given)
