"""The libcurl driver: handles, and transfers at once on the running event loop."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pycurl

from vedette.prober.multi import Ended, Handle, Multi
from vedette.prober.streams.verified import Verified

Setopts = tuple[tuple[int, Any], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """Options that a handle may keep from one transfer to the next; each has handles of its own."""

    setopts: Setopts


class CurlDriver:
    """Runs transfers. Belongs to the event loop that was running when it was made."""

    def __init__(self) -> None:
        self.verified = Verified()
        """Chains that its authorities, which libcurl keeps as well, were found to stand for."""
        self._idle: defaultdict[Standing | None, list[Handle]] = defaultdict(list)
        self._multi = Multi()
        self._alike: dict[Standing, Multi] = {}

    def handle(self, standing: Standing | None = None) -> Handle:
        """A handle with these options set and all others at their defaults.

        `give_back` it after use.
        """
        idle = self._idle[standing]
        if idle:
            return idle.pop()
        if standing is None:
            return pycurl.Curl()
        handle = self.handle()
        for option, value in standing.setopts:
            handle.setopt(option, value)
        return handle

    def give_back(self, handle: Handle, standing: Standing | None = None) -> None:
        """Take a handle back, without cookies.

        It keeps its options if it is as it was taken but for what every transfer sets anew; else
        they go as well.
        """
        handle.setopt(pycurl.COOKIELIST, "ALL")
        if standing is None:
            handle.reset()
        self._idle[standing].append(handle)

    def perform(self, handle: Handle, alike: Standing | None = None) -> asyncio.Future[Ended]:
        """Begin a transfer; the future is done at its end. `cease` it, whatever comes of it.

        `alike` are the options of all that speak TLS as this one does, if there are others.
        """
        return self._of(alike).perform(handle)

    def cease(self, handle: Handle, alike: Standing | None = None) -> None:
        """End a transfer that may still be under way. It is gone when this returns."""
        self._of(alike).cease(handle)

    def running(self) -> int:
        """How many transfers are under way."""
        return sum(len(multi.running) for multi in self._multis())

    def close(self) -> None:
        """End every transfer and let go of all handles."""
        for multi in self._multis():
            multi.close()
        for handle in chain.from_iterable(self._idle.values()):
            handle.close()
        self._idle.clear()

    def _of(self, alike: Standing | None) -> Multi:
        if alike is None:
            return self._multi
        multi = self._alike.get(alike)
        if multi is None:
            multi = self._alike[alike] = Multi(alike=True)
        return multi

    def _multis(self) -> list[Multi]:
        return [self._multi, *self._alike.values()]
