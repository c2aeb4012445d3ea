"""A question by UDP: one datagram out, and the first that answers it in."""

import asyncio
import errno
import os
import socket
from dataclasses import dataclass

from vedette.core.outcome import Reason
from vedette.prober.dns.message import Malformed, Reply, decode
from vedette.prober.dns.query import Query
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.visit import Place

_LARGEST = 65_535
# A server that never stops sending holds up nobody else.
_READ_AT_ONCE = 16
# What routers and the server's host say of a datagram, by way of ICMP.
_REPORTED = {
    errno.ECONNREFUSED: Reason.CONNECT_REFUSED,
    errno.EHOSTUNREACH: Reason.CONNECT_UNREACHABLE,
    errno.ENETUNREACH: Reason.CONNECT_UNREACHABLE,
}


async def ask(query: Query, place: Place, course: Course, within_s: float) -> Reply:
    """The answer that comes within `within_s` seconds. Raises Stopped."""
    course.enter("connect", "connect")  # sends nothing; lets only its answers in
    with _connected(place) as asking:
        course.enter("first_byte", "question", Reason.DNS_TIMEOUT)
        reply = await _Exchange(query, place, asking).answer(within_s)
    course.leave()
    return reply


def _connected(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        asking = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise _ours(place, error) from error
    try:
        asking.setblocking(False)
        asking.connect((place.host, place.port))
    except OSError as error:  # without a packet sent: there is no way from here
        asking.close()
        raise _ours(place, error) from error
    return asking


@dataclass(slots=True)
class _Exchange:
    query: Query
    place: Place
    socket: socket.socket
    undecodable: str = ""
    strangers: int = 0

    async def answer(self, within_s: float) -> Reply:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Reply] = loop.create_future()
        number = self.socket.fileno()
        loop.add_reader(number, self._read, ended)
        timer = loop.call_later(within_s, self._expire, ended, within_s)
        try:
            self._send()
            return await ended
        finally:
            timer.cancel()
            loop.remove_reader(number)

    def _send(self) -> None:
        try:
            self.socket.send(self.query.wire)
        except OSError as error:
            raise self._failed(error) from error

    def _read(self, ended: asyncio.Future[Reply]) -> None:
        """Take what came in; what is no answer to the query may come from anybody."""
        for _ in range(_READ_AT_ONCE):
            if ended.done():
                return
            try:
                wire = self.socket.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError as error:
                ended.set_exception(self._failed(error))
                return
            reply = self._reply(wire)
            if reply is not None:
                ended.set_result(reply)

    def _reply(self, wire: bytes) -> Reply | None:
        if not self.query.is_answered_by(wire):
            self.strangers += 1
            return None
        try:
            return decode(wire)
        except Malformed as error:
            self.undecodable = str(error)
            return None

    def _failed(self, error: OSError) -> Stopped:
        reason = _REPORTED.get(error.errno or 0)
        if reason is None:
            return _ours(self.place, error)
        why = os.strerror(error.errno or 0).lower()
        return Stopped(reason, f"ask {self.place.peer} over UDP: {why}")

    def _expire(self, ended: asyncio.Future[Reply], after_s: float) -> None:
        if not ended.done():
            ended.set_exception(self._late(after_s))

    def _late(self, after_s: float) -> Stopped:
        peer = self.place.peer
        if self.undecodable:
            what = f"the answer of {peer} can't be decoded: {self.undecodable}"
            return Stopped(Reason.PROTOCOL_ERROR, what)
        ignored = f"; {self.strangers} other datagrams came" if self.strangers else ""
        what = f"{peer} did not answer within {after_s:.3g} s{ignored}"
        return Stopped(Reason.DNS_TIMEOUT, what)


def _ours(place: Place, error: OSError) -> Stopped:
    why = os.strerror(error.errno) if error.errno else str(error)
    return Stopped(Reason.INTERNAL_ERROR, f"the prober could not ask {place.peer}: {why}")
