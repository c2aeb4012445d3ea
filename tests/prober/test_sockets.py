"""Watched sockets: by an epoll of their own, and by the loop."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator

import pytest

from vedette.prober.sockets import READ, WRITE, LoopSockets, PolledSockets, Ready, Sockets

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=[PolledSockets, LoopSockets])
def make(request: pytest.FixtureRequest) -> Callable[[Ready], Sockets]:
    maker: Callable[[Ready], Sockets] = request.param
    return maker


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


class Seen:
    """What was told, of sockets that are forgotten when they are ready."""

    def __init__(self, make: Callable[[Ready], Sockets]) -> None:
        self.events: list[tuple[int, int]] = []
        self.sockets = make(self._ready)
        self._changed = asyncio.Event()

    async def next(self) -> tuple[int, int]:
        """What is told next."""
        await asyncio.wait_for(self._changed.wait(), 5)
        self._changed.clear()
        return self.events[-1]

    def _ready(self, fd: int, events: int) -> None:
        self.events.append((fd, events))
        self.sockets.forget(fd)
        self._changed.set()


async def test_a_socket_that_can_be_read(make: Callable[[Ready], Sockets], pair: Pair) -> None:
    ours, theirs = pair
    seen = Seen(make)
    seen.sockets.watch(ours.fileno(), READ)
    theirs.send(b"x")
    assert await seen.next() == (ours.fileno(), READ)
    seen.sockets.close()


async def test_what_is_waited_for_may_change(make: Callable[[Ready], Sockets], pair: Pair) -> None:
    ours, theirs = pair
    seen = Seen(make)
    seen.sockets.watch(ours.fileno(), READ)
    seen.sockets.watch(ours.fileno(), WRITE)
    theirs.send(b"x")
    assert await seen.next() == (ours.fileno(), WRITE)
    seen.sockets.watch(ours.fileno(), READ | WRITE)
    fd, events = await seen.next()
    assert (fd, bool(events)) == (ours.fileno(), True)
    seen.sockets.close()


async def test_an_end_is_something_to_be_read(make: Callable[[Ready], Sockets], pair: Pair) -> None:
    ours, theirs = pair
    seen = Seen(make)
    seen.sockets.watch(ours.fileno(), READ)
    theirs.close()
    assert (await seen.next())[1] & READ
    seen.sockets.close()


async def test_what_is_forgotten_is_told_no_more(
    make: Callable[[Ready], Sockets], pair: Pair
) -> None:
    ours, theirs = pair
    other, others = socket.socketpair()
    with other, others:
        seen = Seen(make)
        seen.sockets.watch(ours.fileno(), READ)
        seen.sockets.forget(ours.fileno())
        seen.sockets.forget(ours.fileno())
        theirs.send(b"x")
        others.send(b"x")
        seen.sockets.watch(other.fileno(), READ)
        assert await seen.next() == (other.fileno(), READ)
        assert len(seen.events) == 1
        seen.sockets.close()


async def test_of_two_that_are_ready_the_first_may_have_the_other_forgotten(pair: Pair) -> None:
    told: list[int] = []

    def ready(fd: int, _: int) -> None:
        told.append(fd)
        for one in pair:
            polled.forget(one.fileno())

    polled = PolledSockets(ready)
    for one in pair:
        polled.watch(one.fileno(), WRITE)
    while not told:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert len(told) == 1
    polled.close()


async def test_what_is_forgotten_may_be_watched_again(
    make: Callable[[Ready], Sockets], pair: Pair
) -> None:
    ours, theirs = pair
    seen = Seen(make)
    seen.sockets.watch(ours.fileno(), WRITE)
    seen.sockets.forget(ours.fileno())
    seen.sockets.watch(ours.fileno(), READ)
    theirs.send(b"x")
    assert await seen.next() == (ours.fileno(), READ)
    seen.sockets.close()


async def test_closed_without_a_word(make: Callable[[Ready], Sockets], pair: Pair) -> None:
    seen = Seen(make)
    fd = os.dup(pair[0].fileno())
    seen.sockets.watch(fd, WRITE)
    seen.sockets.forget(fd)
    os.close(fd)
    seen.sockets.forget(fd)
    seen.sockets.close()
    seen.sockets.close()
    await asyncio.sleep(0.01)
    assert not seen.events
