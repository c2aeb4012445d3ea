"""Places for checks in flight: so many in all, and so many for one host.

A check takes a place of its host first and a common one last, so those that wait for a slow
host hold nothing that checks of other hosts need.
"""

import asyncio
from collections import OrderedDict


class Places:
    """A number of places, given out in the order they were asked for."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.taken = 0
        self._waiting: OrderedDict[asyncio.Future[bool], None] = OrderedDict()

    @property
    def free(self) -> bool:
        """Whether there is a place, and so nobody who waits for one."""
        return self.taken < self.capacity

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    async def take(self, until: float) -> bool:
        """Take a place; False if there was none until `until` (the loop's time)."""
        if self.free:
            self.taken += 1
            return True
        loop = asyncio.get_running_loop()
        given: asyncio.Future[bool] = loop.create_future()
        self._waiting[given] = None
        timer = loop.call_at(until, _give_up, given)
        try:
            return await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled() and given.result():
                self.give_back()  # it came in the same turn
            raise
        finally:
            timer.cancel()
            self._waiting.pop(given, None)

    def give_back(self) -> None:
        """Give a place back: to who has waited longest, if anybody waits."""
        while self._waiting:
            given, _ = self._waiting.popitem(last=False)
            if not given.done():
                given.set_result(True)
                return
        self.taken -= 1


def _give_up(given: asyncio.Future[bool]) -> None:
    if not given.done():
        given.set_result(False)


class Limits:
    """The places of a prober."""

    def __init__(self, *, total: int, per_host: int) -> None:
        self._all = Places(total)
        self._per_host = per_host
        self._hosts: dict[str, Places] = {}

    @property
    def in_flight(self) -> int:
        """Checks that hold a place of the prober's."""
        return self._all.taken

    @property
    def waiting(self) -> int:
        """Checks that wait, for their host or for the prober."""
        return self._all.waiting + sum(places.waiting for places in self._hosts.values())

    def enter_at_once(self, host: str) -> bool:
        """Take the places that a check of `host` needs, if they are there, as is usual."""
        places = self._of(host)
        if places.taken >= places.capacity or self._all.taken >= self._all.capacity:
            return False
        places.taken += 1
        self._all.taken += 1
        return True

    async def enter(self, host: str, until: float) -> str | None:
        """Wait for the places that a check of `host` needs; None when it has them.

        Else, at `until` (the loop's time), what it waited for in vain, in words.
        """
        if self.enter_at_once(host):
            return None
        places = self._of(host)
        if not await places.take(until):
            return f"all places of {host} were taken ({places.capacity} at once)"
        entered = False
        try:
            entered = await self._all.take(until)
        finally:
            if not entered:
                self._give_back(host, places)
        return None if entered else f"all places were taken ({self._all.capacity} checks at once)"

    def leave(self, host: str) -> None:
        """Give the places of a check back."""
        self._all.give_back()
        self._give_back(host, self._hosts[host])

    def _of(self, host: str) -> Places:
        places = self._hosts.get(host)
        if places is None:
            places = self._hosts[host] = Places(self._per_host)
        return places

    def _give_back(self, host: str, places: Places) -> None:
        places.give_back()
        if not places.taken:
            del self._hosts[host]
