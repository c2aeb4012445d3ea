"""The local bus, served to other processes on this machine over a Unix socket."""

import asyncio
import itertools
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from vedette.bus.api import Full, Message, Queue
from vedette.bus.local import LocalBus, LocalConsumer
from vedette.bus.wire import (
    BEAT_S,
    READ_AHEAD,
    REQUESTS,
    SCHEME,
    Answer,
    Asking,
    Beat,
    Cancel,
    Consume,
    Declare,
    Deliver,
    Depth,
    Garbage,
    Publish,
    Put,
    Reply,
    Settle,
    frame,
    frames,
)
from vedette.core.errors import Transient

_BEATS_MISSED = 6
_OWNER_ALONE = 0o177
_UCRED = struct.Struct("3i")  # Linux: process, user and group
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # macOS: sys/un.h

log = structlog.get_logger()


@asynccontextmanager
async def served(bus: LocalBus, path: Path, stuck: Callable[[int], None]) -> AsyncIterator[str]:
    """Serve `bus` to the processes of this user while the block lasts; yields its URL.

    `stuck` is told the id of a process that gives no sign of life for half a minute, whose
    connection is closed. A socket that a killed process left at `path` is replaced. Raises
    OSError if there can be none.
    """
    clients: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(bus, writer, stuck)
        task = asyncio.create_task(client.serve(reader), name="client of the bus")
        clients.add(task)
        task.add_done_callback(clients.discard)

    listener = _listening(path)
    server = await asyncio.start_unix_server(connected, sock=listener, limit=READ_AHEAD)
    try:
        yield f"{SCHEME}{path}"
    finally:
        server.close()
        _remove(path)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _listening(path: Path) -> socket.socket:
    _remove(path)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(_OWNER_ALONE)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _peer(connection: socket.socket) -> int:
    """The id of the process at the other end."""
    if sys.platform == "darwin":
        return connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(credentials)[0])


class _Client:
    """One connection: what it consumes, and what it holds."""

    def __init__(
        self, bus: LocalBus, writer: asyncio.StreamWriter, stuck: Callable[[int], None]
    ) -> None:
        self._bus = bus
        self._writer = writer
        self._stuck = stuck
        self._consumers: dict[int, LocalConsumer] = {}
        self._held: dict[int, asyncio.Future[None]] = {}
        self._private: set[Queue] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._tags = itertools.count()
        self._missed = 0

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Do what is asked until the connection ends; what it held then goes to others."""
        watching = asyncio.create_task(self._watch())
        try:
            async for request in frames(reader, REQUESTS):
                self._missed = 0
                match request:
                    case Beat():
                        pass
                    case Settle(tag, done):
                        self._settle(tag, done=done)
                    case _:
                        task = asyncio.create_task(self._answer(request))
                        self._answering.add(task)
                        task.add_done_callback(self._answering.discard)
        except Garbage as error:
            log.warning("a connection to the bus is closed: it sends garbage", error=str(error))
        finally:
            watching.cancel()
            await self._leave()

    async def _answer(self, request: Asking) -> None:
        number = request.number
        try:
            answer = Answer(number, depth=await self._do(request))
        except Full as error:
            assert isinstance(request, Publish)
            full = {id(message) for message in error.refused}
            places = [n for n, message in enumerate(request.messages) if id(message) in full]
            answer = Answer(number, error="Full", refused=places)
        except Transient as error:
            answer = Answer(number, error=type(error).__name__, text=str(error))
        except Exception as error:
            log.exception("the bus can't do what a process asks for", request=request.do)
            answer = Answer(number, error=type(error).__name__, text=str(error))
        self._send(answer)

    async def _do(self, request: Asking) -> int:
        bus = self._bus
        match request:
            case Declare(_, queues):
                self._private.update(queue for queue in queues if queue.private)
                await bus.declare(*queues)
            case Publish(_, exchange, messages):
                await bus.publish(exchange, messages)
            case Put(_, name, (message,)):
                await bus.put(name, message)
            case Consume(number, queue, prefetch):
                self._private.update({queue} if queue.private else ())
                deliver = partial(self._deliver, number)
                self._consumers[number] = bus.take(queue, deliver, prefetch=prefetch)
            case Cancel(_, consumer):
                await self._consumers[consumer].take_no_more()
            case Depth(_, queue):
                return await bus.depth(queue)
        return 0

    async def _deliver(self, consumer: int, message: Message) -> None:
        """Hand it over and wait until it is settled."""
        tag = next(self._tags)
        settled = self._held[tag] = asyncio.get_running_loop().create_future()
        try:
            self._send(Deliver(tag, consumer, (message,)))
            await settled
        finally:
            del self._held[tag]

    def _settle(self, tag: int, *, done: bool) -> None:
        settled = self._held.get(tag)
        if settled is None:
            raise Garbage(f"a delivery that is none: {tag}")
        if not done:
            settled.cancel()
        elif not settled.done():
            settled.set_result(None)

    def _send(self, reply: Reply) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(reply))

    async def _watch(self) -> None:
        """Break with who is stopped or stuck. By beats, so that no standstill of ours counts."""
        while self._missed < _BEATS_MISSED:
            await asyncio.sleep(BEAT_S)
            self._missed += 1
        pid = _peer(self._writer.get_extra_info("socket"))
        log.warning("a process that uses the bus is stuck; what it holds goes to others", pid=pid)
        self._writer.transport.abort()
        self._stuck(pid)

    async def _leave(self) -> None:
        self._writer.close()
        for task in self._answering:
            task.cancel()
        stopping = [consumer.stop(drain_s=0) for consumer in self._consumers.values()]
        await asyncio.gather(*stopping, *self._answering, return_exceptions=True)
        for queue in self._private:
            self._bus.forget(queue)
