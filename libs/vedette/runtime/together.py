"""Dealing together with what comes one by one: the busier it is, the more shares a transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from vedette.core.errors import Transient

T = TypeVar("T")


class Together(Generic[T]):
    """Calls `work` with what waits and belongs together, up to `most` at once.

    At most `at_once` calls run at a time; what comes meanwhile waits for one of them to end. If a
    call fails for no passing cause, each of its items is tried alone, so that only those fail that
    are to blame.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[None]],
        *,
        group: Callable[[T], Hashable],
        most: int,
        at_once: int,
    ) -> None:
        self._work = work
        self._group = group
        self._most = most
        self._places = at_once
        self._waiting: deque[tuple[T, asyncio.Future[None]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def add(self, item: T) -> None:
        """Returns once `work` has dealt with the item; raises what it raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if len(self._running) < self._places:
            task = asyncio.create_task(self._serve())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        await done

    async def _serve(self) -> None:
        while self._waiting:
            taken = self._take()
            try:
                await self._work([item for item, _ in taken])
            except Exception as error:
                await self._after(error, taken)
            else:
                for _, done in taken:
                    _end(done)

    def _take(self) -> list[tuple[T, asyncio.Future[None]]]:
        """The first that waits, and others of its group, without those nobody waits for."""
        group = self._group(self._waiting[0][0])
        taken: list[tuple[T, asyncio.Future[None]]] = []
        others: deque[tuple[T, asyncio.Future[None]]] = deque()
        for item, done in self._waiting:
            if done.cancelled():
                continue
            fits = len(taken) < self._most and self._group(item) == group
            (taken if fits else others).append((item, done))
        self._waiting = others
        return taken

    async def _after(
        self, error: Exception, taken: Sequence[tuple[T, asyncio.Future[None]]]
    ) -> None:
        if isinstance(error, Transient) or len(taken) == 1:
            for _, done in taken:
                _end(done, error)
            return
        for item, done in taken:
            try:
                await self._work([item])
            except Exception as its_own:
                _end(done, its_own)
            else:
                _end(done)


def _end(done: "asyncio.Future[None]", error: Exception | None = None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
