"""Connecting: one address after another, until one answers or the time is over."""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence

from vedette.core.outcome import Reason
from vedette.prober.domain import Trouble
from vedette.prober.guard import Guard
from vedette.prober.streams.addresses import has_route
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.waiting import writable

_REASONS = {
    errno.ECONNREFUSED: Reason.CONNECT_REFUSED,
    errno.ECONNRESET: Reason.CONNECT_RESET,
    errno.ECONNABORTED: Reason.CONNECT_RESET,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    errno.EHOSTUNREACH: Reason.CONNECT_UNREACHABLE,
    errno.EHOSTDOWN: Reason.CONNECT_UNREACHABLE,
    errno.ENETUNREACH: Reason.CONNECT_UNREACHABLE,
}
_OURS = frozenset({Reason.INTERNAL_ERROR, Reason.FORBIDDEN_TARGET})


async def connect(
    addresses: Sequence[str], port: int, guard: Guard, course: Course
) -> tuple[socket.socket, str]:
    """A connection to the first address that accepts one, and this address. Raises Stopped.

    Each gets an equal share of the time that is left, so that one that never answers does not
    keep the others from being tried.
    """
    course.enter("connect", "connect", Reason.CONNECT_TIMEOUT)
    trouble = Trouble(Reason.INTERNAL_ERROR, f"{course.peer} has no address")
    for at, address in enumerate(addresses):
        share_s = course.remaining_s() / (len(addresses) - at)
        came = await _try(address, port, guard, share_s)
        if isinstance(came, socket.socket):
            course.leave()
            return came, address
        # What a target does says more than what keeps us from trying another of its addresses.
        if came.reason not in _OURS or trouble.reason in _OURS:
            trouble = came
    raise Stopped(trouble.reason, trouble.message)


async def _try(address: str, port: int, guard: Guard, timeout_s: float) -> socket.socket | Trouble:
    """The one place where this package connects."""
    refusal = guard.check(address)
    if refusal is not None:
        return refusal
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    peer = f"[{address}]:{port}" if family is socket.AF_INET6 else f"{address}:{port}"
    try:
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except OSError as error:
        return _trouble(error.errno or 0, family, address, peer)
    try:
        async with asyncio.timeout(timeout_s):
            failed = await _dial(sock, (address, port))
    except TimeoutError:
        sock.close()
        return Trouble(
            Reason.CONNECT_TIMEOUT, f"connect to {peer}: no answer within {timeout_s:.1f} s"
        )
    except BaseException:
        sock.close()
        raise
    if failed:
        sock.close()
        return _trouble(failed, family, address, peer)
    return sock


async def _dial(sock: socket.socket, at: tuple[str, int]) -> int:
    """Connect a socket; the system's error, 0 for none."""
    failed = sock.connect_ex(at)
    if failed == errno.EINPROGRESS:
        await writable(sock)
        failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not failed:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return failed


def _trouble(failed: int, family: socket.AddressFamily, address: str, peer: str) -> Trouble:
    reason = _REASONS.get(failed, Reason.INTERNAL_ERROR)
    if reason is Reason.CONNECT_REFUSED:
        return Trouble(reason, f"connect to {peer} refused")
    why = os.strerror(failed)
    if reason is Reason.CONNECT_UNREACHABLE and not has_route(family, address):
        return Trouble(Reason.INTERNAL_ERROR, f"the prober has no route to {peer}: {why}")
    if reason is Reason.INTERNAL_ERROR:
        return Trouble(reason, f"the prober could not connect to {peer}: {why}")
    return Trouble(reason, f"connect to {peer} failed: {why}")
