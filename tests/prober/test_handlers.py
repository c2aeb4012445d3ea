"""The consumer, with a bus that keeps what is published."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from tests.prober.support import OK, FakeBus, a_batch, a_job, answer, closed_port, hang, serving

from vedette.bus.api import Message
from vedette.core.errors import Permanent
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.context import Context
from vedette.prober.handlers import JobHandler
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.probes.http import HttpProbe
from vedette.prober.results import ResultBuffer

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Prober:
    """A handler and what it has published."""

    def __init__(self, context: Context, *, total: int = 100, per_host: int = 100) -> None:
        self.bus = FakeBus()
        self.limits = Limits(total=total, per_host=per_host)
        self.results = ResultBuffer(self.bus, region="default", prober="me")  # type: ignore[arg-type]
        checker = Checker(context, self.limits, CheckMetrics("default"))
        self.handle = JobHandler(checker, self.results)

    async def run(self, *jobs: dict[str, Any], **message: Any) -> list[Result]:
        await self.handle(Message(key="default", body=a_batch(*jobs), **message))
        return self.seen()

    def seen(self) -> list[Result]:
        return [result for batch in self.bus.batches() for result in batch.results]


@asynccontextmanager
async def under_way(work: Coroutine[Any, Any, Any]) -> AsyncIterator[asyncio.Task[Any]]:
    """A task beside the block, cancelled at its end."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_every_job_gets_its_result(context: Context) -> None:
    prober = Prober(context)
    async with serving(OK) as well, serving(answer(503, body=b"sorry")) as ill:
        jobs = [
            a_job(well.url),
            a_job(ill.url),
            a_job(f"http://127.0.0.1:{closed_port()}/"),
            a_job(kind="telepathy"),
            a_job(target={"url": "gopher://x/"}),
            a_job(assertions=[{"subject": "luck"}]),
            a_job(late_ms=60_001),
        ]
        results = await prober.run(*jobs)
    by_id = {str(result.monitor_id): result for result in results}
    found = [(by_id[j["monitor_id"]].outcome, by_id[j["monitor_id"]].reason) for j in jobs]
    assert found == [
        (Outcome.UP, None),
        (Outcome.DOWN, Reason.STATUS),
        (Outcome.DOWN, Reason.CONNECT_REFUSED),
        (Outcome.INTERNAL_ERROR, Reason.INTERNAL_ERROR),
        (Outcome.INTERNAL_ERROR, Reason.INTERNAL_ERROR),
        (Outcome.INTERNAL_ERROR, Reason.INTERNAL_ERROR),
        (Outcome.MISSED, Reason.MISSED),
    ]
    up, ill_result = (by_id[job["monitor_id"]] for job in jobs[:2])
    assert up.started_at is not None
    assert up.slot == jobs[0]["slot"]
    assert ill_result.evidence is not None
    assert ill_result.evidence.body == "sorry"
    assert "telepathy" in str(by_id[jobs[3]["monitor_id"]].message)
    assert "too late" in str(by_id[jobs[6]["monitor_id"]].message)


async def test_a_bug_in_a_probe_is_an_internal_error(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(HttpProbe, "probe", broken)
    prober = Prober(context)
    (result,) = await prober.run(a_job())
    assert result.outcome is Outcome.INTERNAL_ERROR
    assert result.message == "the prober failed: RuntimeError: oops"
    assert prober.limits.in_flight == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"jobs": [{}]}', b'{"jobs": [1]}'])
async def test_what_is_no_batch_is_refused(context: Context, body: bytes) -> None:
    with pytest.raises(Permanent):
        await Prober(context).handle(Message(key="default", body=body))


async def test_a_batch_is_done_when_its_results_are_confirmed(context: Context) -> None:
    prober = Prober(context)
    async with (
        serving(OK) as well,
        serving(hang) as hung,
        under_way(prober.run(a_job(well.url), a_job(hung.url))) as batch,
    ):
        await prober.bus.tried.wait()
        await asyncio.sleep(0)
        assert [result.outcome for result in prober.seen()] == [Outcome.UP]
        assert not batch.done()


async def test_a_full_host_holds_nobody_else_up(context: Context) -> None:
    prober = Prober(context, total=4, per_host=2)
    async with serving(hang) as hung, serving(OK) as well:
        async with under_way(prober.run(*[a_job(hung.url) for _ in range(10)])):
            while prober.limits.in_flight < 2:
                await asyncio.sleep(0)
            local = f"http://localhost:{well.port}/"
            await asyncio.wait_for(prober.run(*[a_job(local) for _ in range(20)]), 3)
            assert len(hung.requests) <= 2
            assert [result.outcome for result in prober.seen()] == [Outcome.UP] * 20
        assert prober.limits.in_flight == 0


async def test_waiting_too_long_is_missed(context: Context) -> None:
    prober = Prober(context, per_host=1)
    async with serving(hang) as hung:
        began = time.perf_counter()
        results = await prober.run(
            a_job(hung.url, timeout_s=1), a_job(hung.url, start_within_ms=200)
        )
        took = time.perf_counter() - began
    outcomes = {result.outcome: result for result in results}
    assert set(outcomes) == {Outcome.DOWN, Outcome.MISSED}
    missed = outcomes[Outcome.MISSED]
    assert "not started within 0.2 s of its due time" in str(missed.message)
    assert "all places of 127.0.0.1 were taken (1 at once)" in str(missed.message)
    assert missed.started_at is None
    assert took < 3


async def test_a_one_off_batch_is_answered_at_once(context: Context) -> None:
    prober = Prober(context)
    async with serving(OK) as well:
        await prober.run(a_job(well.url), a_job(well.url), reply_to="replies.x")
    ((_, sent),) = prober.bus.sent
    assert sent.key == "replies.x"
    assert len(prober.seen()) == 2


async def test_definitions_are_kept_by_revision(context: Context) -> None:
    prober = Prober(context)
    monitor = uuid4()
    async with serving(OK) as first, serving(OK) as second:
        for server, revision in ((first, 1), (second, 1), (second, 2), (first, 0), (second, 0)):
            await prober.run(a_job(server.url, monitor_id=monitor, revision=revision))
    assert (len(first.requests), len(second.requests)) == (3, 2)


async def test_a_cancelled_batch_leaves_nothing_behind(context: Context) -> None:
    prober = Prober(context)
    async with (
        serving(hang) as hung,
        under_way(prober.run(*[a_job(hung.url) for _ in range(5)])),
    ):
        await hung.arrived.wait()
    assert prober.limits.in_flight == 0
    assert not context.curl.running()


async def test_the_trace_goes_on(context: Context) -> None:
    prober = Prober(context)
    async with serving(OK) as well:
        await prober.run(a_job(well.url), traceparent=TRACE)
    traceparent = prober.bus.sent[0][1].traceparent
    assert traceparent is not None
    assert traceparent.split("-")[1] == TRACE.split("-")[1]
