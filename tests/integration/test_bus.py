"""The contract of the bus, held by all implementations alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.integration.hearing import Heard, listening, queue

from vedette.bus import middleware, parking
from vedette.bus.api import (
    Bus,
    Exchange,
    Full,
    Limit,
    Message,
    Outgoing,
    Queue,
    Unroutable,
)
from vedette.bus.connect import open_bus
from vedette.bus.local import LocalBus
from vedette.bus.served import served
from vedette.bus.topology import DEAD
from vedette.core.errors import Permanent, Transient
from vedette.telemetry.traces import setup_traces, span, traceparent
from vedette.testing.waiting import eventually

KINDS = ["local", "remote", "amqp"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which bus: the broker's URL, or in a word."""
    amqp = request.param == "amqp"
    return str(request.getfixturevalue("broker").url if amqp else request.param)


@pytest.fixture
async def bus(kind: str, tmp_path: Path) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as stack:
        url = None if kind == "local" else kind
        if kind == "remote":
            url = await stack.enter_async_context(served(LocalBus(), tmp_path / "bus.sock", print))
        yield await stack.enter_async_context(open_bus(url))


async def test_a_message_arrives_whole(bus: Bus) -> None:
    to, heard = queue(), Heard()
    await bus.declare(to)
    sent = Outgoing(
        key=to.name, body=b'{"a":1}', id="7", reply_to="somewhere", headers={"x": "y"},
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )  # fmt: skip
    await bus.publish(Exchange.JOBS, [sent])
    async with listening(bus, to, heard):
        await eventually(lambda: heard.messages)
    (got,) = heard.messages
    assert (got.key, got.body, got.id, got.reply_to) == (to.name, b'{"a":1}', "7", "somewhere")
    assert (got.traceparent, got.headers["x"], got.attempt) == (sent.traceparent, "y", 1)


async def test_messages_keep_their_order(bus: Bus) -> None:
    to, heard = queue(), Heard()
    await bus.declare(to)
    sent = [str(number).encode() for number in range(500)]
    await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=body) for body in sent])
    assert await eventually(lambda: bus.depth(to)) <= 500
    async with listening(bus, to, heard, prefetch=1):
        await eventually(lambda: len(heard.messages) == 500)
    assert heard.bodies == sent


async def test_keys_match_patterns(bus: Bus) -> None:
    to, heard = queue("~.*.b", "~.all.#"), Heard()
    async with listening(bus, to, heard):
        for key in ("x.b", "x.y.b", "x.c", "all", "all.z.z"):
            with_prefix = Outgoing(key=f"{to.name}.{key}", body=key.encode())
            try:
                await bus.publish(Exchange.JOBS, [with_prefix])
            except Unroutable:
                assert key in {"x.y.b", "x.c"}
        await eventually(lambda: len(heard.messages) == 3)
    assert heard.bodies == [b"x.b", b"all", b"all.z.z"]


async def test_consumers_of_one_queue_share_its_messages(bus: Bus) -> None:
    to, heard = queue(), [Heard(), Heard()]
    async with listening(bus, to, heard[0], prefetch=1), listening(bus, to, heard[1], prefetch=1):
        await bus.publish(
            Exchange.JOBS, [Outgoing(key=to.name, body=b"%d" % n) for n in range(100)]
        )
        await eventually(lambda: len(heard[0].messages) + len(heard[1].messages) == 100)
    assert sorted(heard[0].bodies + heard[1].bodies) == sorted(b"%d" % n for n in range(100))
    assert min(len(one.messages) for one in heard) > 20


async def test_every_queue_gets_its_own_copy(bus: Bus) -> None:
    first = queue(exchange=Exchange.EVENTS)
    second = Queue(first.name + "-too", first.bindings, private=True)
    one, two = Heard(), Heard()
    async with listening(bus, first, one), listening(bus, second, two):
        await bus.publish(Exchange.EVENTS, [Outgoing(key=first.name, body=b"news")])
        await eventually(lambda: one.messages and two.messages)


async def test_no_more_than_prefetch_run_at_once(bus: Bus) -> None:
    to, gate = queue(), asyncio.Event()
    running = 0

    async def hold(_message: Message) -> None:
        nonlocal running
        running += 1
        await gate.wait()

    async with listening(bus, to, hold, prefetch=3):
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"x")] * 10)
        await eventually(lambda: running == 3)
        await asyncio.sleep(0)
        assert running == 3
        gate.set()
        await eventually(lambda: running == 10)


async def test_a_passing_failure_is_tried_until_it_passes(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    to, tries = queue(), 0

    async def recover(_message: Message) -> None:
        nonlocal tries
        tries += 1
        if tries <= middleware.ATTEMPTS + 1:
            raise Transient("not yet")

    async with listening(bus, to, recover):
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"x")])
        await eventually(lambda: tries == middleware.ATTEMPTS + 2, within=20)


@pytest.mark.parametrize(
    ("error", "tries"), [(Permanent("wrong"), 1), (ValueError("bug"), middleware.ATTEMPTS)]
)
async def test_what_cannot_be_handled_is_parked_with_its_reason(
    bus: Bus, error: Exception, tries: int
) -> None:
    to, dead, called = queue(), Heard(), 0

    async def fail(_message: Message) -> None:
        nonlocal called
        called += 1
        raise error

    async with listening(bus, DEAD, dead), listening(bus, to, fail):
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"poison", id="9")])
        parked = await eventually(
            # What others have left there need not say which queue it was of.
            lambda: next((m for m in dead.messages if parking.read(m).queue == to.name), None)
        )
    assert parked is not None
    assert (parked.body, parked.id, called) == (b"poison", "9", tries)
    told = parking.read(parked)
    assert (told.queue, told.key, told.attempts) == (to.name, to.name, tries)
    assert told.detail == f"{type(error).__name__}: {error}"
    assert told.reason == ("permanent" if isinstance(error, Permanent) else "unexpected")


async def test_a_full_queue_refuses_until_it_is_read(bus: Bus) -> None:
    to, free, heard = queue(limit=Limit(messages=5, octets=2**20)), queue(), Heard()
    await bus.declare(to, free)
    for number in range(100):
        try:
            await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"%d" % number)])
        except Full:
            break
    assert 5 <= number <= 8
    beside = Outgoing(key=free.name, body=b"x")
    refused = [Outgoing(key=to.name, body=b"more"), Outgoing(key=to.name, body=b"and more")]
    with pytest.raises(Full) as error:
        await bus.publish(Exchange.JOBS, [refused[0], beside, refused[1]])
    assert list(error.value.refused) == refused
    assert await eventually(lambda: bus.depth(free)) == 1
    async with listening(bus, to, heard):
        await eventually(lambda: len(heard.messages) == number)
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"again")])
        await eventually(lambda: b"again" in heard.bodies)
    assert not {b"more", b"and more"} & set(heard.bodies)


async def test_a_queue_is_full_of_large_messages_sooner(bus: Bus) -> None:
    to = queue(limit=Limit(messages=1000, octets=10_000))
    await bus.declare(to)
    large = Outgoing(key=to.name, body=bytes(4000))

    async def fill() -> None:
        for _ in range(10):
            await bus.publish(Exchange.JOBS, [large])

    with pytest.raises(Full):
        await fill()


async def test_a_message_is_put_into_one_queue_alone(bus: Bus) -> None:
    to = queue()
    beside, heard, other = Queue(to.name + "-too", to.bindings), Heard(), Heard()
    async with listening(bus, to, heard), listening(bus, beside, other):
        await bus.put(to.name, Outgoing(key="the.key", body=b"x", id="7"))
        await eventually(lambda: heard.messages)
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"y")])
        await eventually(lambda: other.messages)
    assert (heard.messages[0].key, heard.messages[0].id) == ("the.key", "7")
    assert other.bodies == [b"y"]
    with pytest.raises(Unroutable):
        await bus.put("no-such-queue", Outgoing(key="k", body=b"x"))


async def test_a_message_nobody_reads_in_time_goes_where_its_queue_says(bus: Bus) -> None:
    late = queue(exchange=Exchange.RESULTS)
    to = queue(expired=late.bindings[0])
    heard = Heard()
    await bus.declare(to)
    async with listening(bus, late, heard):
        await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"old", ttl_ms=50)])
        await eventually(lambda: heard.messages)
    assert heard.bodies == [b"old"]
    assert await bus.depth(to) == 0


@pytest.mark.parametrize("exchange", [Exchange.JOBS, Exchange.RESULTS])
async def test_jobs_and_results_without_a_queue_are_refused(bus: Bus, exchange: Exchange) -> None:
    with pytest.raises(Unroutable):
        await bus.publish(exchange, [Outgoing(key="nobody.listens", body=b"x")])


async def test_events_need_no_listener(bus: Bus) -> None:
    await bus.publish(Exchange.EVENTS, [Outgoing(key="nobody.listens", body=b"x")])


async def test_stopping_lets_handlers_end_and_gives_back_the_rest(bus: Bus) -> None:
    to, started, gate, done = queue(), 0, asyncio.Event(), 0

    async def work(message: Message) -> None:
        nonlocal started, done
        started += 1
        if message.body == b"quick":
            await gate.wait()
            done += 1
        else:
            await asyncio.Event().wait()

    consumer = await bus.consume(to, work, prefetch=2)
    await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b) for b in (b"quick", b"stuck")])
    await eventually(lambda: started == 2)
    stopping = asyncio.create_task(consumer.stop(drain_s=0.5))
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert done == 1
    heard = Heard()
    async with listening(bus, to, heard):
        await eventually(lambda: heard.messages)
    assert heard.bodies == [b"stuck"]
    assert heard.messages[0].attempt == 2


async def test_the_trace_goes_on_in_the_handler(bus: Bus) -> None:
    setup_traces("test")
    to = queue()
    seen: list[str] = []

    async def look(_message: Message) -> None:
        seen.append(traceparent() or "")

    async with listening(bus, to, look):
        with span("sender"):
            sent = traceparent()
            await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"x")])
        await eventually(lambda: seen)
    assert sent is not None
    assert seen[0].split("-")[1] == sent.split("-")[1]


async def test_what_expires_in_a_fleeting_queue_is_gone(bus: Bus) -> None:
    to, heard, dead = queue(fleeting=True), Heard(), Heard()
    await bus.declare(to)
    await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"stale", ttl_ms=1)])

    async def empty() -> bool:
        return await bus.depth(to) == 0

    await eventually(empty)
    await bus.publish(Exchange.JOBS, [Outgoing(key=to.name, body=b"fresh", ttl_ms=60_000)])
    async with listening(bus, to, heard), listening(bus, DEAD, dead):
        await eventually(lambda: heard.messages)
        # What was parked would have come before this.
        await bus.publish(Exchange.DEAD, [Outgoing(key=to.name, body=b"last")])
        await eventually(lambda: b"last" in dead.bodies)
    assert heard.bodies == [b"fresh"]
    assert b"stale" not in dead.bodies


async def test_locally_an_event_is_published_once_it_was_dealt_with() -> None:
    async with open_bus(None) as bus:
        to, gate = queue(exchange=Exchange.EVENTS), asyncio.Event()

        async def work(_message: Message) -> None:
            await gate.wait()

        async with listening(bus, to, work):
            publishing = asyncio.create_task(
                bus.publish(Exchange.EVENTS, [Outgoing(key=to.name, body=b"x")])
            )
            await asyncio.wait({publishing}, timeout=0.05)
            assert not publishing.done()
            gate.set()
            await publishing
