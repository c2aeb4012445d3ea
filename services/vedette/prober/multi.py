"""libcurl's multi handles, driven by the running event loop.

libcurl says which sockets and which time it waits for; the loop calls it back. There is no
thread and no polling, and a transfer costs the loop a few callbacks.
"""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

import pycurl

from vedette.prober.sockets import sockets
from vedette.prober.tlscontexts import Kept, Turn, contexts

Handle = Any  # pycurl ships no types


@dataclass(frozen=True, slots=True)
class Ended:
    """How a transfer ended: libcurl's code (0 is success), its words, and the system's error."""

    code: int
    message: str = ""
    os_errno: int = 0


_GOOD = Ended(pycurl.E_OK)


class Multi:
    """Transfers at once. Belongs to the event loop that was running when it was made."""

    def __init__(self, *, alike: bool = False) -> None:
        """`alike` are transfers that speak TLS with the same options, and without secrets."""
        self._loop = asyncio.get_running_loop()
        self.running: dict[Handle, asyncio.Future[Ended]] = {}
        self.sockets = sockets(self._act)  # … and CSELECT_IN, CSELECT_OUT
        self._due: float | None = None
        """When libcurl wants to be called, by the loop's time; 0 is soon."""
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._contexts = contexts() if alike else None
        self._kept = Kept()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._schedule)

    def perform(self, handle: Handle) -> asyncio.Future[Ended]:
        """Begin a transfer; the future is done at its end. `cease` it, whatever comes of it."""
        ended: asyncio.Future[Ended] = self._loop.create_future()
        self._multi.add_handle(handle)
        self.running[handle] = ended
        return ended

    def cease(self, handle: Handle) -> None:
        """End a transfer that may still be under way. It is gone when this returns."""
        if self.running.pop(handle, None) is not None:
            self._multi.remove_handle(handle)

    def close(self) -> None:
        """End every transfer."""
        for ended in self.running.values():
            ended.cancel()
        for handle in self.running:
            self._multi.remove_handle(handle)
        self.running.clear()
        self._multi.close()
        self.sockets.close()
        for timer in filter(None, (self._soon, self._timer)):
            timer.cancel()
        if self._contexts is not None:
            self._contexts.let_go(self._kept)

    def _watch(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            self.sockets.forget(fd)
        else:
            self.sockets.watch(fd, what)  # libcurl's bits are the same: POLL_IN, POLL_OUT

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
            if self._contexts is None:
                _, running = self._multi.socket_action(fd, events)
            else:
                running = self._act_alike(self._contexts.turn, fd, events)
        except pycurl.error as error:  # libcurl itself is in trouble, and all with it
            for handle in list(self.running):
                self._end(handle, Ended(pycurl.E_FAILED_INIT, str(error)))
            return
        if running < len(self.running):
            self._collect()

    def _act_alike(self, turn: Turn, fd: int, events: int) -> int:
        turn.kept = self._kept
        try:
            return int(self._multi.socket_action(fd, events)[1])
        finally:
            turn.kept = None

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
        ended = self.running.pop(handle)
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
