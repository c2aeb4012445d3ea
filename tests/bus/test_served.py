"""The local bus between processes: what becomes of it when one of them is not well."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vedette.bus import parking, served
from vedette.bus.api import DELIVERY_LIMIT, Binding, Bus, Exchange, Message, Outgoing, Queue
from vedette.bus.connect import open_bus
from vedette.bus.consuming import consuming
from vedette.bus.local import LocalBus
from vedette.bus.remote import RemoteBus
from vedette.bus.topology import DEAD
from vedette.core.errors import Transient
from vedette.testing.waiting import eventually

TO = Queue("test", (Binding(Exchange.JOBS, "test"),))
ONE = Outgoing("test", b"one")


@pytest.fixture
async def local() -> AsyncIterator[LocalBus]:
    bus = LocalBus()
    await bus.declare(TO, DEAD)
    yield bus
    await bus.close()


@pytest.fixture
async def url(local: LocalBus, tmp_path: Path, stuck: list[int]) -> AsyncIterator[str]:
    async with served.served(local, tmp_path / "bus.sock", stuck.append) as url:
        yield url
    assert not stuck, "nobody was"


@pytest.fixture
def stuck() -> list[int]:
    """The processes that were taken to be."""
    return []


class Holding:
    """A handler that keeps what it hears and never ends."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        await asyncio.Event().wait()


async def cut(bus: RemoteBus) -> None:
    """As when its process is killed."""
    bus._writer.transport.abort()
    await bus.lost()
    await bus.close()


async def test_what_a_lost_process_held_goes_to_others(local: LocalBus, url: str) -> None:
    first, second = await RemoteBus.connect(url), await RemoteBus.connect(url)
    held, got = Holding(), Holding()
    await first.consume(TO, held, prefetch=10)
    await local.publish(Exchange.JOBS, [ONE] * 3)
    await eventually(lambda: len(held.messages) == 3)
    await second.consume(TO, got, prefetch=10)
    await cut(first)
    await eventually(lambda: len(got.messages) == 3)
    assert {(message.body, message.attempt) for message in got.messages} == {(b"one", 2)}
    await second.close()


async def test_what_was_dealt_with_is_not_delivered_again(local: LocalBus, url: str) -> None:
    async def deal_with(message: Message) -> None:
        done.append(message)

    bus = await RemoteBus.connect(url)
    done: list[Message] = []
    await bus.consume(TO, deal_with, prefetch=10)
    await local.publish(Exchange.JOBS, [ONE] * 3)
    await eventually(lambda: len(done) == 3)
    await bus.depth(TO)  # what was sent before it has arrived
    await cut(bus)
    got = Holding()
    async with consuming(local, {TO: got}, prefetch=10, drain_s=0):
        await local.publish(Exchange.JOBS, [Outgoing("test", b"two")])
        await eventually(lambda: got.messages)
    assert [message.body for message in got.messages] == [b"two"]


async def test_a_message_that_kills_its_consumers_is_parked(local: LocalBus, url: str) -> None:
    await local.publish(Exchange.JOBS, [ONE])
    for attempt in range(1, DELIVERY_LIMIT + 2):
        bus, held = await RemoteBus.connect(url), Holding()
        await bus.consume(TO, held, prefetch=1)
        await eventually(lambda held=held: held.messages)  # type: ignore[misc]
        assert held.messages[0].attempt == attempt
        await cut(bus)
    dead = Holding()
    async with consuming(local, {DEAD: dead}, prefetch=1, drain_s=0):
        await eventually(lambda: dead.messages)
    told = parking.read(dead.messages[0])
    assert (told.queue, told.key, told.reason) == ("test", "test", "delivery_limit")
    assert told.attempts == DELIVERY_LIMIT + 1
    assert await local.depth(TO) == 0


async def test_jobs_that_kill_their_probers_are_told_of_as_missed(local: LocalBus) -> None:
    late = Queue("late", (Binding(Exchange.RESULTS, "late"),))
    jobs = Queue("jobs", (Binding(Exchange.JOBS, "jobs"),), expired=late.bindings[0])
    await local.declare(late, jobs)
    await local.publish(Exchange.JOBS, [Outgoing("jobs", b"killer")])
    for _ in range(DELIVERY_LIMIT + 1):
        held = Holding()
        async with consuming(local, {jobs: held}, prefetch=1, drain_s=0):
            await eventually(lambda held=held: held.messages)  # type: ignore[misc]
    assert (await local.depth(jobs), await local.depth(late)) == (0, 1)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\xff" * 100,
        (30).to_bytes(4) + bytes(4) + b'{"do":"settle","tag":99,"done":true}'.ljust(30),
    ],
)
async def test_garbage_closes_its_own_connection_only(
    local: LocalBus, url: str, garbage: bytes
) -> None:
    bus, got = await RemoteBus.connect(url), Holding()
    await bus.consume(TO, got, prefetch=10)
    reader, writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))
    writer.write(garbage)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await local.publish(Exchange.JOBS, [ONE])
    await eventually(lambda: got.messages)
    assert bus.healthy()
    await bus.close()


async def test_who_is_silent_holds_nothing_any_longer(
    local: LocalBus, url: str, stuck: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "BEAT_S", 0.02)
    monkeypatch.setattr("vedette.bus.remote.BEAT_S", 60)
    bus, held = await RemoteBus.connect(url), Holding()
    await bus.consume(TO, held, prefetch=10)
    await local.publish(Exchange.JOBS, [ONE])
    await bus.lost()
    got = Holding()
    async with consuming(local, {TO: got}, prefetch=10, drain_s=0):
        await eventually(lambda: got.messages)
    assert stuck.pop() == os.getpid()
    await bus.close()


async def test_who_gives_signs_of_life_is_left_alone(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "BEAT_S", 0.1)
    monkeypatch.setattr("vedette.bus.remote.BEAT_S", 0.01)
    bus = await RemoteBus.connect(url)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bus.lost(), 1)
    await bus.close()


async def test_a_private_queue_goes_with_its_process(local: LocalBus, url: str) -> None:
    own = Queue("own", (Binding(Exchange.EVENTS, "news"),), private=True)
    bus = await RemoteBus.connect(url)
    await bus.declare(own)
    await local.publish(Exchange.EVENTS, [Outgoing("news", b"x")])
    assert await bus.depth(own) == 1
    await bus.close()
    await eventually(lambda: own.name not in local._queues)


async def test_processes_take_turns(local: LocalBus, url: str) -> None:
    buses = [await RemoteBus.connect(url) for _ in range(3)]
    held = [Holding() for _ in buses]
    for bus, handler in zip(buses, held, strict=True):
        await bus.consume(TO, handler, prefetch=500)
    for _ in range(30):
        await local.publish(Exchange.JOBS, [ONE])
        await asyncio.sleep(0)
    await local.publish(Exchange.JOBS, [ONE] * 30)
    await eventually(lambda: sum(len(one.messages) for one in held) == 60)
    assert [len(one.messages) for one in held] == [20, 20, 20]
    for bus in buses:
        await bus.close()


async def test_when_the_bus_is_gone_whoever_uses_it_hears_of_it(
    local: LocalBus, tmp_path: Path
) -> None:
    held = Holding()
    async with served.served(local, tmp_path / "bus.sock", print) as url:
        bus = await RemoteBus.connect(url)
        consumer = await bus.consume(TO, held, prefetch=1)
        await local.publish(Exchange.JOBS, [ONE])
        await eventually(lambda: held.messages)
    await bus.lost()
    assert not bus.healthy()
    with pytest.raises(Transient, match="gone"):
        await bus.publish(Exchange.JOBS, [ONE])
    await asyncio.wait_for(consumer.stop(drain_s=600), 5)
    await bus.close()


async def test_a_socket_that_a_killed_process_left_is_replaced(
    local: LocalBus, tmp_path: Path
) -> None:
    path = tmp_path / "bus.sock"
    served._listening(path).close()
    with pytest.raises(ConnectionRefusedError):
        await RemoteBus.connect(f"unix://{path}")
    async with served.served(local, path, print) as url:
        await (await RemoteBus.connect(url)).close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        async with open_bus(url):
            pass


async def test_a_publisher_hears_of_each_of_its_messages(url: str) -> None:
    bus: Bus = await RemoteBus.connect(url)
    await asyncio.gather(*(bus.publish(Exchange.JOBS, [ONE]) for _ in range(50)))
    assert await bus.depth(TO) == 50
    await bus.close()
