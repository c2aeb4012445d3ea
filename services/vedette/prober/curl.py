"""The libcurl driver: many transfers at once on the running event loop.

libcurl says which sockets and which time it waits for; the loop calls it back. There is no
thread and no polling, and a transfer costs the loop a few callbacks.
"""

import asyncio
import socket
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pycurl

from vedette.prober.sockets import sockets
from vedette.prober.streams.verified import Verified

Handle = Any  # pycurl ships no types
Setopts = tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a transfer ended: libcurl's code (0 is success), its words, and the system's error."""

    code: int
    message: str = ""
    os_errno: int = 0


_GOOD = Ended(pycurl.E_OK)


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """Options that a handle may keep from one transfer to the next; each has handles of its own."""

    setopts: Setopts


class CurlDriver:
    """Runs transfers. Belongs to the event loop that was running when it was made."""

    def __init__(self) -> None:
        self.verified = Verified()
        """Chains that its authorities, which libcurl keeps as well, were found to stand for."""
        self._loop = asyncio.get_running_loop()
        self._running: dict[Handle, asyncio.Future[Ended]] = {}
        self._idle: defaultdict[Standing | None, list[Handle]] = defaultdict(list)
        self._sockets = sockets(self._act)  # … and CSELECT_IN, CSELECT_OUT
        self._due: float | None = None
        """When libcurl wants to be called, by the loop's time; 0 is soon."""
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._schedule)

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

    def perform(self, handle: Handle) -> asyncio.Future[Ended]:
        """Begin a transfer; the future is done at its end. `cease` it, whatever comes of it."""
        ended: asyncio.Future[Ended] = self._loop.create_future()
        self._multi.add_handle(handle)
        self._running[handle] = ended
        return ended

    def cease(self, handle: Handle) -> None:
        """End a transfer that may still be under way. It is gone when this returns."""
        if self._running.pop(handle, None) is not None:
            self._multi.remove_handle(handle)

    def close(self) -> None:
        """End every transfer and let go of all handles."""
        for ended in self._running.values():
            ended.cancel()
        for handle in self._running:
            self._multi.remove_handle(handle)
        self._running.clear()
        self._multi.close()
        self._sockets.close()
        for timer in filter(None, (self._soon, self._timer)):
            timer.cancel()
        for handle in chain.from_iterable(self._idle.values()):
            handle.close()
        self._idle.clear()

    def _watch(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            self._sockets.forget(fd)
        else:
            self._sockets.watch(fd, what)  # libcurl's bits are the same: POLL_IN, POLL_OUT

    def _schedule(self, timeout_ms: int) -> None:
        if timeout_ms > 0:
            self._due = self._loop.time() + timeout_ms / 1000
            # Most are put off again and again: one that comes too early is cheaper than many.
            if self._timer is None or self._timer.when() > self._due:
                self._set_timer(self._due)
        elif timeout_ms == 0:  # not at once: libcurl can't be entered from its own callback
            self._due = 0
            self._soon = self._soon or self._loop.call_soon(self._start)
        else:
            self._due = None

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._expire)

    def _start(self) -> None:
        self._soon = None
        if self._due == 0:
            self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _expire(self) -> None:
        self._timer = None
        if not self._due:
            return
        if self._loop.time() < self._due:
            self._set_timer(self._due)
        else:
            self._due = None
            self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, events: int) -> None:
        try:
            _, running = self._multi.socket_action(fd, events)
        except pycurl.error as error:  # libcurl itself is in trouble, and all with it
            for handle in list(self._running):
                self._end(handle, Ended(pycurl.E_FAILED_INIT, str(error)))
            return
        if running < len(self._running):
            self._collect()

    def _collect(self) -> None:
        queued = 1
        while queued:
            queued, done, failed = self._multi.info_read()
            for handle in done:
                self._end(handle, _GOOD)
            for handle, code, message in failed:
                os_errno = handle.getinfo(pycurl.OS_ERRNO)
                if code == pycurl.E_COULDNT_CONNECT and not os_errno:
                    os_errno = _why_no_socket()
                self._end(handle, Ended(code, message, os_errno))

    def _end(self, handle: Handle, how: Ended) -> None:
        ended = self._running.pop(handle)
        self._multi.remove_handle(handle)
        if not ended.done():
            ended.set_result(how)


def _why_no_socket() -> int:
    """libcurl doesn't keep the error when the system gives it no socket: ask once more."""
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno or 0
    return 0
