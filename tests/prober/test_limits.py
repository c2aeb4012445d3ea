"""Places: who waits for what."""

import asyncio

import pytest

from vedette.prober.limits import Limits, Places


def soon() -> float:
    return asyncio.get_running_loop().time() + 0.05


def later() -> float:
    return asyncio.get_running_loop().time() + 30


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_are_given_in_order() -> None:
    places, order = Places(1), []

    async def one(name: str) -> None:
        assert await places.take(later())
        order.append(name)
        places.give_back()

    await places.take(later())
    tasks = [asyncio.create_task(one(name)) for name in "abc"]
    await turn()
    assert (places.waiting, order) == (3, [])
    places.give_back()
    await asyncio.gather(*tasks)
    assert (places.taken, places.waiting, order) == (0, 0, ["a", "b", "c"])


async def test_waiting_ends_in_time() -> None:
    places = Places(1)
    await places.take(later())
    assert not await places.take(soon())
    assert (places.taken, places.waiting) == (1, 0)


async def test_a_cancelled_wait_passes_its_place_on() -> None:
    places = Places(1)
    await places.take(later())
    first, second = (asyncio.create_task(places.take(later())) for _ in range(2))
    await turn()
    places.give_back()
    first.cancel()  # in the same turn as it was given the place
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second
    assert places.taken == 1


async def test_a_full_host_takes_no_common_place() -> None:
    limits = Limits(total=3, per_host=1)
    assert await limits.enter("hung", later()) is None
    queue = [asyncio.create_task(limits.enter("hung", later())) for _ in range(10)]
    await turn()
    assert (limits.in_flight, limits.waiting) == (1, 10)
    assert await limits.enter("other", soon()) is None
    for task in queue:
        task.cancel()
    await asyncio.gather(*queue, return_exceptions=True)
    limits.leave("hung")
    limits.leave("other")
    assert (limits.in_flight, limits.waiting, limits._hosts) == (0, 0, {})


async def test_what_was_waited_for_is_said() -> None:
    limits = Limits(total=2, per_host=1)
    await limits.enter("a", later())
    assert await limits.enter("a", soon()) == "all places of a were taken (1 at once)"
    await limits.enter("b", later())
    assert await limits.enter("c", soon()) == "all places were taken (2 checks at once)"
    assert set(limits._hosts) == {"a", "b"}
