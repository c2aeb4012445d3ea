"""Checks that are due in the same moment start together."""

import asyncio
import time

from vedette.prober.moments import Moments


async def test_who_waits_in_one_moment_goes_on_at_once_and_nobody_too_early() -> None:
    moments = Moments()
    begin = (time.time_ns() // 1_000_000 // 20 + 10) * 20
    went_on: list[tuple[int, float]] = []

    async def wait(at_ms: int) -> None:
        await moments.end_of(at_ms)
        went_on.append((at_ms, time.time() * 1000))

    instants = [begin + 21, begin + 1, begin + 20, begin + 40]
    await asyncio.gather(*map(wait, instants))
    assert [at for at, _ in went_on] == [begin + 1, begin + 20, begin + 21, begin + 40]
    # By the loop's timers, which go by milliseconds.
    assert all(when > at - 2 for at, when in went_on)


async def test_who_waits_no_more_keeps_nobody_else_from_going_on() -> None:
    moments = Moments()
    at_ms = time.time_ns() // 1_000_000 + 100
    impatient, patient = (asyncio.create_task(moments.end_of(at_ms)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert impatient.cancelled()
