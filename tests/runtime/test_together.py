"""What waits together is dealt with together; who is not to blame does not suffer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from vedette.core.errors import Permanent, Transient
from vedette.runtime.together import Together


class Work:
    """Remembers what it was called with; fails with whatever is `bad`, and waits to be let on."""

    def __init__(self, *, bad: str = "", error: Exception | None = None) -> None:
        self.calls: list[list[str]] = []
        self.bad = bad
        self.error = error or Permanent("bad")
        self.go = asyncio.Event()

    async def __call__(self, items: Sequence[str]) -> None:
        self.calls.append(list(items))
        await self.go.wait()
        if self.bad and self.bad in items:
            raise self.error


def together(work: Work, *, most: int = 10, at_once: int = 1) -> Together[str]:
    return Together(work, group=lambda item: item[0], most=most, at_once=at_once)


async def added(all_of: Together[str], *items: str) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(all_of.add(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_one_is_dealt_with_is_dealt_with_together_by_group() -> None:
    work = Work()
    tasks = await added(together(work), "a1", "b1", "a2", "a3")
    work.go.set()
    await asyncio.gather(*tasks)
    assert sorted(map(sorted, work.calls)) == [["a1", "a2", "a3"], ["b1"]]


async def test_no_more_at_a_time_than_wanted() -> None:
    work = Work()
    tasks = await added(together(work, most=2), "a1", "a2", "a3")
    work.go.set()
    await asyncio.gather(*tasks)
    assert [len(call) for call in work.calls] == [2, 1]


async def test_so_many_calls_run_side_by_side() -> None:
    work, all_of = Work(), None
    all_of = together(work, at_once=2)
    tasks = [*await added(all_of, "a1"), *await added(all_of, "a2"), *await added(all_of, "a3")]
    assert work.calls == [["a1"], ["a2"]]
    work.go.set()
    await asyncio.gather(*tasks)
    assert work.calls == [["a1"], ["a2"], ["a3"]]


async def test_only_who_is_to_blame_fails() -> None:
    work = Work(bad="a2")
    work.go.set()
    tasks = await added(together(work), "a1", "a2", "a3")
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), Permanent, type(None)]


async def test_a_passing_error_is_everybodys_at_once() -> None:
    work = Work(bad="a2", error=Transient("away"))
    work.go.set()
    tasks = await added(together(work), "a1", "a2")
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [Transient, Transient]
    assert work.calls == [["a1", "a2"]]


async def test_what_nobody_waits_for_any_more_is_left_out() -> None:
    work = Work()
    all_of = together(work)
    first = await added(all_of, "a1")
    given_up, last = await added(all_of, "a2", "a3")
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    work.go.set()
    await asyncio.gather(*first, last)
    assert work.calls == [["a1"], ["a3"]]
