"""Sockets that somebody else reads and writes, watched from the event loop.

On Linux they are watched by an epoll of their own, which the loop in turn watches: to watch a
check's socket for its short life takes two system calls, where the loop needs seven and some
bookkeeping, and all that are ready come in one call. Elsewhere the loop watches each.
"""

import asyncio
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

READ, WRITE = 1, 2
"""Bits of what a socket is watched for, and of what it is ready for."""
Ready = Callable[[int, int], None]
"""Takes a descriptor and what it is ready for; one that has failed is ready for both."""
_AT_ONCE = 256


class Sockets(Protocol):
    """Watched sockets, by descriptor."""

    def watch(self, fd: int, events: int) -> None:
        """Watch a socket, also one that is watched already, for these alone."""
        ...

    def forget(self, fd: int) -> None:
        """Watch it no more. It need not be watched, nor open."""
        ...

    def close(self) -> None:
        """Watch nothing any more."""
        ...


def sockets(ready: Ready) -> Sockets:
    """Those of the running event loop."""
    return PolledSockets(ready) if hasattr(select, "epoll") else LoopSockets(ready)


class PolledSockets:
    """By an epoll of their own."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._loop = asyncio.get_running_loop()
        self._watched: set[int] = set()
        self._poll = select.epoll()
        self._loop.add_reader(self._poll.fileno(), self._collect)

    def watch(self, fd: int, events: int) -> None:
        """As Sockets says."""
        mask = _MASKS[events]
        if fd in self._watched:
            self._poll.modify(fd, mask)
            return
        self._watched.add(fd)
        try:
            self._poll.register(fd, mask)
        except FileExistsError:  # it was forgotten and not closed
            self._poll.modify(fd, mask)

    def forget(self, fd: int) -> None:
        """As Sockets says."""
        # Mostly it is closed next, and so the system forgets it by itself.
        self._watched.discard(fd)

    def close(self) -> None:
        """As Sockets says."""
        if not self._poll.closed:
            self._loop.remove_reader(self._poll.fileno())
            self._poll.close()
            self._watched.clear()

    def _collect(self) -> None:
        watched, ready = self._watched, self._ready
        for fd, events in self._poll.poll(0, _AT_ONCE):
            if fd in watched:
                ready(fd, _EVENTS[events & _ALL])
            else:
                self._drop(fd)

    def _drop(self, fd: int) -> None:
        """Have the system forget a socket that was not closed, or not yet."""
        with suppress(OSError):
            self._poll.unregister(fd)


class LoopSockets:
    """By the loop itself, one by one."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._loop = asyncio.get_running_loop()
        self._watched: dict[int, int] = {}

    def watch(self, fd: int, events: int) -> None:
        """As Sockets says."""
        before, self._watched[fd] = self._watched.get(fd, 0), events
        if events & READ and not before & READ:
            self._loop.add_reader(fd, self._ready, fd, READ)
        elif before & READ and not events & READ:
            self._loop.remove_reader(fd)
        if events & WRITE and not before & WRITE:
            self._loop.add_writer(fd, self._ready, fd, WRITE)
        elif before & WRITE and not events & WRITE:
            self._loop.remove_writer(fd)

    def forget(self, fd: int) -> None:
        """As Sockets says."""
        if fd in self._watched:
            self.watch(fd, 0)
            del self._watched[fd]

    def close(self) -> None:
        """As Sockets says."""
        for fd in list(self._watched):
            self.forget(fd)


# What epoll calls them (epoll_ctl(2)); the same numbers on every Linux.
_IN, _OUT, _ERR, _HUP = 1, 4, 8, 16
_ALL = _IN | _OUT | _ERR | _HUP
_MASKS = (0, _IN, _OUT, _IN | _OUT)


def _events(mask: int) -> int:
    if mask & (_ERR | _HUP):
        return READ | WRITE
    return (READ if mask & _IN else 0) | (WRITE if mask & _OUT else 0)


_EVENTS = tuple(_events(mask) for mask in range(_ALL + 1))
