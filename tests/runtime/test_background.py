"""Background work goes on, whatever happens to it."""

from __future__ import annotations

import asyncio

import pytest

from vedette.core.errors import Transient
from vedette.runtime import background as module
from vedette.runtime.background import background, every
from vedette.testing.waiting import eventually


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)


@pytest.mark.parametrize("error", [Transient("away"), ValueError("bug")])
async def test_what_fails_is_started_again(error: Exception) -> None:
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        raise error

    async with background("test", work):
        await eventually(lambda: calls >= 3)


async def test_it_ends_with_its_block() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with background("test", work):
        await asyncio.sleep(0)
    assert ended.is_set()


async def test_every_counts_from_start_to_start() -> None:
    loop, starts = asyncio.get_running_loop(), []

    async def work() -> None:
        starts.append(loop.time())
        await asyncio.sleep(0.02)

    async with background("test", lambda: every(0.05, work)):
        await eventually(lambda: len(starts) == 4)
    assert starts[3] - starts[0] >= 0.149  # three periods, the work's own time not added
