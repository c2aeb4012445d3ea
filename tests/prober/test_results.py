"""The result buffer, on a bus that can fail."""

import asyncio
from uuid import UUID

import pytest
from tests.prober.support import FakeBus

from vedette.bus.api import Exchange, Unroutable
from vedette.core.errors import Transient
from vedette.core.outcome import Outcome
from vedette.core.result import Result
from vedette.prober import results
from vedette.prober.results import ResultBuffer, confirmed


def a_result(slot: int = 1, outcome: Outcome = Outcome.UP, *, monitor: int = 1) -> Result:
    return Result(monitor_id=UUID(int=monitor), revision=1, slot=slot, outcome=outcome)


def a_buffer(bus: FakeBus) -> ResultBuffer:
    return ResultBuffer(bus, region="default", prober="me")  # type: ignore[arg-type]


async def test_a_full_batch_goes_at_once() -> None:
    bus = FakeBus()
    buffer = a_buffer(bus)
    futures = [buffer.add(a_result(n), f"trace-{n}") for n in range(100)]
    for _ in range(3):
        await asyncio.sleep(0)  # no time passes
    assert len(bus.sent) == 1
    await confirmed(futures)
    assert len(set(futures)) == 1
    exchange, message = bus.sent[0]
    assert (exchange, message.key, message.traceparent) == (Exchange.RESULTS, "results", "trace-0")
    assert [result.slot for result in bus.batches()[0].results] == list(range(100))
    assert (bus.batches()[0].region, bus.batches()[0].prober) == ("default", "me")


async def test_good_results_wait_half_a_second_for_others() -> None:
    bus = FakeBus()
    buffer = a_buffer(bus)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await confirmed([buffer.add(a_result(), None), buffer.add(a_result(), None)])
    assert 0.495 < loop.time() - began < 3
    assert len(bus.sent) == 1


@pytest.mark.parametrize(("outcome", "urgent"), [(Outcome.DOWN, False), (Outcome.UP, True)])
async def test_what_somebody_waits_for_goes_soon_with_what_is_there(
    outcome: Outcome, urgent: bool
) -> None:
    buffer, loop = a_buffer(bus := FakeBus()), asyncio.get_running_loop()
    buffer.add(a_result(1), None)
    began = loop.time()
    await confirmed([buffer.add(a_result(2, outcome, monitor=2), None, urgent=urgent)])
    quick = loop.time() - began
    began = loop.time()
    await confirmed([buffer.add(a_result(3), None)])
    assert quick < loop.time() - began
    assert [[one.slot for one in batch.results] for batch in bus.batches()] == [[1, 2], [3]]


async def test_the_end_of_what_was_bad_goes_soon_but_no_good_result_after_it() -> None:
    buffer = a_buffer(bus := FakeBus())
    await confirmed([buffer.add(a_result(1, Outcome.DOWN), None)])
    await confirmed([buffer.add(a_result(2), None)])
    later = buffer.add(a_result(3), None)
    await confirmed([buffer.add(a_result(4, monitor=2), None, urgent=True), later])
    assert [[one.slot for one in batch.results] for batch in bus.batches()] == [[1], [2], [3, 4]]


async def test_results_outlast_an_outage() -> None:
    bus = FakeBus()
    bus.failing = [Transient("away"), Unroutable("nobody there yet")]
    await confirmed([a_buffer(bus).add(a_result(), None)])
    assert len(bus.sent) == 1


async def test_another_error_reaches_the_handlers() -> None:
    bus = FakeBus()
    bus.failing = [ValueError("a bug")]
    with pytest.raises(ValueError, match="a bug"):
        await confirmed([a_buffer(bus).add(a_result(), None)])


async def test_a_cancelled_handler_takes_nothing_from_others() -> None:
    bus = FakeBus()
    buffer = a_buffer(bus)
    futures = [buffer.add(a_result(), None), buffer.add(a_result(), None)]
    waiting = [asyncio.create_task(confirmed([future])) for future in futures]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await waiting[1]
    assert waiting[0].cancelled()
    assert len(bus.batches()[0].results) == 2


async def test_an_answer_goes_alone_and_at_once() -> None:
    bus = FakeBus()
    await a_buffer(bus).reply("replies.gateway", [a_result()], "trace")
    assert [(m.key, m.traceparent) for _, m in bus.sent] == [("replies.gateway", "trace")]


async def test_an_answer_nobody_waits_for_is_dropped() -> None:
    bus = FakeBus()
    bus.failing = [Transient("away"), Unroutable("gone")]
    await a_buffer(bus).reply("replies.gateway", [a_result()], None)
    assert (bus.sent, bus.failing) == ([], [])


async def test_closing_flushes() -> None:
    bus = FakeBus()
    buffer = a_buffer(bus)
    buffer.add(a_result(), None)
    await buffer.close()
    assert len(bus.sent) == 1


async def test_closing_does_not_wait_for_the_end_of_an_outage() -> None:
    bus = FakeBus()
    bus.failing = [Transient("away")] * 1000
    buffer = a_buffer(bus)
    future = buffer.add(a_result(), None)
    await asyncio.wait_for(buffer.close(), 3)
    assert future.cancelled()


async def test_there_is_no_room_for_more_while_so_many_cannot_go_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(results, "_MOST_HELD", 3)
    bus = FakeBus()
    bus.failing = [Transient("full")] * 2
    buffer = a_buffer(bus)
    held = [buffer.add(a_result(n), None) for n in range(2)]
    await buffer.room()
    held.append(buffer.add(a_result(2), None))
    waiting = asyncio.create_task(buffer.room())
    await bus.tried.wait()
    assert not waiting.done()
    await confirmed(held)
    await waiting
