"""A prober that stood still says nothing of its targets."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from tests.prober.support import OK, a_batch, a_job, hang, serving

from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.domain import Trouble
from vedette.prober.jobs import parse_batch
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.pulse import Lost, Pulse, beating
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings
from vedette.testing.waiting import eventually

STILL_S = 1.5


async def checked(url: str, **definition: Any) -> Result:
    """A check by a prober that stands still as soon as it has begun."""
    job = parse_batch(a_batch(a_job(url, **definition)))[0]
    async with probing(ProberSettings(prober_forbidden="none")) as context:
        await eventually(lambda: context.pulse._last, within=5)
        checker = Checker(context, Limits(total=1, per_host=1), CheckMetrics("here"))
        checking = asyncio.ensure_future(checker.check(job))
        await asyncio.sleep(0.05)
        time.sleep(STILL_S)
        return await checking


@pytest.mark.parametrize("upside_down", [False, True])
async def test_a_check_that_ran_out_of_time_meanwhile_is_no_vote(upside_down: bool) -> None:
    async with serving(hang) as server:
        result = await checked(server.url, timeout_s=1, expect_failure=upside_down)
    assert result.outcome is Outcome.INTERNAL_ERROR
    assert result.message is not None
    assert result.message.startswith("the prober itself stood still for ")


async def test_an_answer_that_came_meanwhile_was_not_slow() -> None:
    async def dawdle(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(OK)

    async with serving(dawdle) as server:
        result = await checked(server.url, timeout_s=10, degraded_after_ms=1000)
    assert result.outcome is Outcome.INTERNAL_ERROR


@pytest.mark.parametrize("reason", [Reason.CONNECT_REFUSED, Reason.STATUS, Reason.TLS_EXPIRED])
def test_what_somebody_answered_is_the_target_s(reason: Reason) -> None:
    trouble = Trouble(reason, "why")
    assert Lost(30).excuse(trouble) is trouble


def test_without_a_standstill_every_trouble_stays() -> None:
    trouble = Trouble(Reason.TIMEOUT, "why")
    assert Pulse().lost(0, 1).excuse(trouble) is trouble


async def test_standstills_of_before_do_not_count() -> None:
    async with beating() as pulse:
        began = time.perf_counter()
        await eventually(lambda: pulse._last, within=5)
        time.sleep(0.8)
        assert pulse.stood_still(began) > 0.4, "it has not beaten again, and is found out"
        await eventually(lambda: pulse._missed, within=5)
        assert pulse.stood_still(began) > 0.4
        assert pulse.stood_still(time.perf_counter()) == 0


async def test_what_counts_is_how_much_of_its_time_a_check_lost() -> None:
    trouble = Trouble(Reason.TIMEOUT, "why")
    async with beating() as pulse:
        began = time.perf_counter()
        await eventually(lambda: pulse._last, within=5)
        time.sleep(0.8)
        assert pulse.lost(began, 1).excuse(trouble).reason is Reason.INTERNAL_ERROR
        assert pulse.lost(began, 3600).excuse(trouble) is trouble
