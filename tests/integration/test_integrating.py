"""What docs/integrating.md tells integrators, over a real RabbitMQ: their user, their consumers."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused

from vedette.bus.api import Bus, Exchange, Outgoing, Retention
from vedette.bus.connect import open_bus
from vedette.bus.topology import EVENTS_STREAM, RESULTS, jobs
from vedette.core.events import (
    Cause,
    Event,
    IncidentRef,
    IncidentReminded,
    MonitorDeleted,
    MonitorRef,
)
from vedette.testing.needs import require
from vedette.testing.process import Child
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.waiting import eventually

ROOT = Path(__file__).parents[2]
SHELL = "```sh\n"
MONITOR = MonitorRef(id=uuid4(), name="Shop", kind="tcp", target="shop.example:1")
IN_SESSION = pytest.mark.asyncio(loop_scope="session")


def documented(block: int) -> list[list[str]]:
    """The commands of a block of the page, as words."""
    page = (ROOT / "docs/integrating.md").read_text()
    text = page.split(SHELL)[block].split("```")[0]
    return [shlex.split(line) for line in text.splitlines()]


async def obey(broker: Broker, commands: Sequence[Sequence[str]]) -> None:
    for program, *words in commands:
        assert program == "rabbitmqctl"
        await broker.control(*words)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """With the integrator's user as the page has it."""
    async with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as broker:
        async with open_bus(broker.url, retention=Retention(3600, 10_000_000)) as bus:
            await bus.declare(jobs("default"))
        await obey(broker, documented(1))
        await obey(broker, documented(2))
        yield broker


@pytest_asyncio.fixture(loop_scope="session")
async def bus(broker: Broker) -> AsyncIterator[Bus]:
    async with open_bus(broker.url, retention=Retention(3600, 10_000_000)) as bus:
        yield bus


def url(broker: Broker) -> str:
    return f"amqp://acme:a%20long%20password@127.0.0.1:{broker.port}/"


def reminded(number: int) -> Outgoing:
    incident = IncidentRef(id=uuid4(), since="", opened_at="", cause=Cause())
    data = IncidentReminded(incident=incident, monitor=MONITOR, number=number, down_s=60)
    return outgoing(Event.of(data, workspace=uuid4(), at_ms=1))


def deleted() -> Outgoing:
    return outgoing(Event.of(MonitorDeleted(monitor=MONITOR), workspace=uuid4(), at_ms=1))


def outgoing(event: Event) -> Outgoing:
    return Outgoing(key=event.name, body=event.model_dump_json().encode(), id=str(event.id))


def python(_: Path) -> list[str]:
    return [sys.executable, str(ROOT / "examples/python/consumer.py")]


def node(folder: Path) -> list[str]:
    """Installed as the page says, in a copy."""
    import subprocess

    shutil.copytree(ROOT / "examples/node", folder / "node", dirs_exist_ok=True)
    subprocess.run(
        [require("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder / "node",
        check=True,
        capture_output=True,
    )
    return [str(require("node")), str(folder / "node/consumer.js")]


Program = Callable[[Path], list[str]]


class Consumer:
    """One of the examples, running."""

    def __init__(self, child: Child) -> None:
        self.child = child

    @property
    def ids(self) -> list[str]:
        """Of the events that it has printed."""
        lines = self.child.log_text().splitlines()
        return [json.loads(line)["id"] for line in lines if line.startswith("{")]

    @property
    def listening(self) -> int:
        """How often it began to listen."""
        return self.child.log_text().count("listening on ")


async def start(broker: Broker, program: list[str], log: Path, *words: str) -> Consumer:
    environment = {**os.environ, "AMQP_URL": url(broker), "NAME": "acme"}
    consumer = Consumer(await Child.start([*program, *words], log=log, env=environment))
    await eventually(lambda: consumer.listening, within=60)
    return consumer


@pytest.fixture(params=[python, node], ids=["python", "node"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    made: list[str] = request.param(tmp_path)
    return made


@IN_SESSION
async def test_a_consumer_hears_what_it_asks_for_once(
    broker: Broker, bus: Bus, program: list[str], tmp_path: Path
) -> None:
    first, second, other = reminded(1), reminded(2), deleted()
    consumer = await start(broker, program, tmp_path / "log", "incident.*")
    try:
        await bus.publish(Exchange.EVENTS, [first, other, first, second])
        await eventually(lambda: len(consumer.ids) == 2, within=30)
        # Away, it misses nothing; and what it has acknowledged doesn't come again.
        await consumer.child.close()
        third = reminded(3)
        await bus.publish(Exchange.EVENTS, [third])
        again = await start(broker, program, tmp_path / "again", "incident.*")
        await eventually(lambda: again.ids, within=30)
        assert (consumer.ids, again.ids) == ([first.id, second.id], [third.id])
        await again.child.close()
    finally:
        await consumer.child.close()


@IN_SESSION
async def test_a_consumer_hears_again_what_was(
    broker: Broker, bus: Bus, program: list[str], tmp_path: Path
) -> None:
    events = [reminded(number) for number in range(20)]
    other = deleted()
    await bus.publish(Exchange.EVENTS, [other, *events])
    wanted = [event.id for event in events]
    for name, patterns in (("once", []), ("and again", ["incident.*"])):
        consumer = await start(broker, program, tmp_path / name, "--replay", "600", *patterns)
        try:
            await eventually(lambda: consumer.ids[-20:] == wanted, within=30)  # noqa: B023
            assert (other.id in consumer.ids) is (not patterns)
        finally:
            await consumer.child.close()


@IN_SESSION
async def test_a_consumer_goes_on_after_the_broker_was_away(
    broker: Broker, program: list[str], tmp_path: Path
) -> None:
    consumer = await start(broker, program, tmp_path / "log", "monitor.#")
    try:
        await broker.restart()
        await eventually(lambda: consumer.listening == 2, within=60)
        async with open_bus(broker.url, retention=Retention(3600, 10_000_000)) as bus:
            news = deleted()
            await bus.publish(Exchange.EVENTS, [news])
            await eventually(lambda: news.id in consumer.ids, within=30)
    finally:
        await consumer.child.close()


async def ignore(_: object) -> None:
    pass


async def read_jobs(channel: AbstractChannel) -> None:
    await (await channel.get_queue(jobs("default").name, ensure=False)).get()


async def read_results(channel: AbstractChannel) -> None:
    await (await channel.get_queue(RESULTS.name, ensure=False)).consume(ignore)


async def publish_an_event(channel: AbstractChannel) -> None:
    exchange = await channel.get_exchange(Exchange.EVENTS.value, ensure=False)
    await exchange.publish(aio_pika.Message(b"{}"), "incident.opened")


async def publish_a_job(channel: AbstractChannel) -> None:
    exchange = await channel.get_exchange(Exchange.JOBS.value, ensure=False)
    await exchange.publish(aio_pika.Message(b"{}"), "default")


async def put_into_a_queue(channel: AbstractChannel) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"{}"), RESULTS.name)


async def make_a_queue_of_another_name(channel: AbstractChannel) -> None:
    await channel.declare_queue("jobs.mine", durable=True)


async def make_a_queue_that_passes_on_to_events(channel: AbstractChannel) -> None:
    arguments = {"x-dead-letter-exchange": "vedette.events"}
    await channel.declare_queue("integrator.acme.x", arguments=arguments)  # type: ignore[arg-type]


async def hear_jobs(channel: AbstractChannel) -> None:
    queue = await channel.declare_queue("integrator.acme.jobs", exclusive=True)
    await queue.bind(Exchange.JOBS.value, "#")


async def hear_what_is_parked(channel: AbstractChannel) -> None:
    queue = await channel.declare_queue("integrator.acme.dead", exclusive=True)
    await queue.bind(Exchange.DEAD.value, "#")


async def purge_the_stream(channel: AbstractChannel) -> None:
    await (await channel.get_queue(EVENTS_STREAM, ensure=False)).delete(if_empty=False)


async def unbind_the_processor(channel: AbstractChannel) -> None:
    await (await channel.get_queue("processor.monitors", ensure=False)).unbind(
        Exchange.EVENTS.value, "monitor.created"
    )


FORBIDDEN = [
    read_jobs,
    read_results,
    publish_an_event,
    publish_a_job,
    put_into_a_queue,
    make_a_queue_of_another_name,
    make_a_queue_that_passes_on_to_events,
    hear_jobs,
    hear_what_is_parked,
    purge_the_stream,
    unbind_the_processor,
]


@IN_SESSION
@pytest.mark.parametrize("deed", FORBIDDEN)
async def test_an_integrator_can_do_nothing_else(
    broker: Broker, deed: Callable[[AbstractChannel], asyncio.Future[None]]
) -> None:
    async with await aio_pika.connect(url(broker)) as connection:
        channel = await connection.channel()
        with pytest.raises(ChannelAccessRefused):
            await deed(channel)


@IN_SESSION
async def test_an_integrator_of_incidents_hears_nothing_else(broker: Broker) -> None:
    try:
        await obey(broker, documented(3))
        async with await aio_pika.connect(url(broker)) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue("integrator.acme.some", exclusive=True)
            await queue.bind(Exchange.EVENTS.value, "incident.opened")
            with pytest.raises(ChannelAccessRefused):
                await queue.bind(Exchange.EVENTS.value, "#")
        async with await aio_pika.connect(url(broker)) as connection:
            stream = await (await connection.channel()).get_queue(EVENTS_STREAM, ensure=False)
            with pytest.raises(ChannelAccessRefused):
                await stream.consume(ignore, arguments={"x-stream-offset": "first"})
    finally:
        await obey(broker, documented(1)[1:3])
