"""One-off checks, through a bus to a prober that the test plays."""

import pytest
from tests.gateway.acting import Api, World, a_monitor

from vedette.bus import topology
from vedette.bus.api import Exchange, Message, Outgoing, Unroutable
from vedette.bus.local import LocalBus
from vedette.core.job import JobBatch
from vedette.core.outcome import Outcome
from vedette.core.result import Result, ResultBatch


async def test_a_definition_is_run_once_and_nothing_is_kept(
    api: Api, world: World, bus: LocalBus
) -> None:
    async def probe(message: Message) -> None:
        job = JobBatch.model_validate_json(message.body).jobs[0]
        result = Result(monitor_id=job.monitor_id, revision=0, slot=job.slot, outcome=Outcome.UP)
        batch = ResultBatch(region="east", prober="test", results=[result])
        answer = Outgoing(key=message.reply_to or "", body=batch.model_dump_json().encode())
        await bus.publish(Exchange.RESULTS, [answer])

    await world.prober("east")
    consumer = await bus.consume(topology.urgent_jobs("east"), probe, prefetch=1)
    definition = a_monitor(regions=["east"])
    del definition["name"]
    answer = await api.ask("POST", "/check", definition)
    await consumer.stop(drain_s=1)
    assert (answer.status, answer.body["outcome"]) == (200, "up")
    assert (await api.get("/monitors")).body["items"] == []
    assert await world.events() == []


async def test_a_region_whose_prober_is_silent_is_named(api: Api, world: World) -> None:
    await world.prober("east")
    answer = await api.ask("POST", "/check", a_monitor(regions=["east"], timeout_s=0.1))
    assert (answer.status, answer.body["detail"]) == (504, "no prober of region east answered")


async def test_a_prober_that_was_heard_of_lately_is_asked(
    api: Api, world: World, bus: LocalBus
) -> None:
    await world.prober("east", left_at=world.now)
    answer = await api.ask("POST", "/check", a_monitor(regions=["east"], timeout_s=0.1))
    assert (answer.status, answer.body["detail"]) == (504, "no prober of region east answered")
    assert await bus.depth(topology.urgent_jobs("east")) == 1


async def test_no_queue_is_made_for_a_region_that_nobody_knows(api: Api, bus: LocalBus) -> None:
    answer = await api.ask("POST", "/check", a_monitor(regions=["moon"], timeout_s=60))
    assert (answer.status, answer.body["detail"]) == (504, "no prober of region moon is known")
    with pytest.raises(Unroutable):
        await bus.put(topology.urgent_jobs("moon").name, Outgoing(key="", body=b""))


async def test_a_one_off_check_has_one_region(api: Api) -> None:
    refused = await api.ask("POST", "/check", a_monitor(regions=["east", "west"]))
    assert refused.fields == ["regions"]
