"""Asking: one server after another, one address after another, until there is an answer."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from vedette.core.kinds.dns import DnsTarget, Server
from vedette.core.outcome import Reason
from vedette.core.tls import HandshakeOptions
from vedette.prober.context import Context
from vedette.prober.dns import tcp, udp
from vedette.prober.dns.https import HttpsServer
from vedette.prober.dns.message import Reply
from vedette.prober.dns.places import own_servers, place_of
from vedette.prober.dns.query import Query, query_of
from vedette.prober.guard import Guard
from vedette.prober.streams.addresses import addresses_of
from vedette.prober.streams.course import Course
from vedette.prober.streams.stopped import Stopped
from vedette.prober.streams.trust import check_own
from vedette.prober.streams.visit import Place, Visit

_OURS = frozenset({Reason.INTERNAL_ERROR, Reason.FORBIDDEN_TARGET})
_NOBODY_THERE = frozenset({Reason.CONNECT_REFUSED, Reason.CONNECT_UNREACHABLE})
# The prober's own name servers were chosen by who runs it.
_OPEN = Guard()
_T = TypeVar("_T")


class Asking:
    """How a target's question is asked, made ready. Raises ValueError if it can't be."""

    def __init__(self, target: DnsTarget) -> None:
        self.servers = target.servers()
        self.udp = target.transport == "udp"
        self.protocol = target.ip_protocol
        self.query = query_of(target)
        self.tls: HandshakeOptions | None = None
        self.https: dict[Server, HttpsServer] = {}
        if target.transport == "tls":
            check_own(target.tls)
            self.tls = HandshakeOptions(**target.tls.model_dump())
        elif target.transport == "https":
            servers = self.servers or ()
            self.https = {one: HttpsServer(target, one, self.query) for one in servers}

    @property
    def host(self) -> str:
        """The server that is asked first."""
        return self.servers[0].host if self.servers else "the prober's name servers"

    def begun(self, context: Context, course: Course) -> "Asked":
        """The question of one check, with an id of its own."""
        if not self.servers:
            context = replace(context, guard=_OPEN)
        return Asked(self, context, course, self.query.renewed())


@dataclass(slots=True)
class Asked:
    """One question under way."""

    asking: Asking
    context: Context
    course: Course
    query: Query
    facts: dict[str, str | int | float | bool] = field(default_factory=dict)
    subjects: dict[str, Any] = field(default_factory=dict)

    async def reply(self) -> Reply:
        """The answer. Raises Stopped."""
        servers = self.asking.servers or own_servers(self.context.resolver.nameservers)
        return await _first(servers, self._server, self.course.remaining_s())

    async def _server(self, server: Server, within_s: float) -> Reply:
        https = self.asking.https.get(server)
        if https is not None:
            return await https.ask(self.context, self.course, self.facts, self.subjects, within_s)
        until = time.perf_counter() + within_s
        self.course.peer = server.host
        addresses = await addresses_of(
            self.context, self.course, server.host, self.asking.protocol, None
        )
        places = [place_of(server, address) for address in addresses]
        return await _first(places, self._place, until - time.perf_counter())

    async def _place(self, place: Place, within_s: float) -> Reply:
        self.course.peer = place.peer
        if not self.asking.udp:
            return await self._connection(place, within_s)
        refusal = self.context.guard.check(place.host)
        if refusal is not None:
            raise Stopped(refusal.reason, refusal.message)
        until = time.perf_counter() + within_s
        self.facts["ip"] = self.subjects["ip"] = place.host
        reply = await udp.ask(self.query, place, self.course, within_s)
        return await self._whole(place, until) if reply.truncated else reply

    async def _whole(self, place: Place, until: float) -> Reply:
        """What UDP had no room for."""
        self.facts["truncated"] = True
        try:
            return await self._connection(place, until - time.perf_counter())
        except Stopped as stopped:
            reason, message = stopped.trouble.reason, stopped.trouble.message
            raise Stopped(reason, f"truncated over UDP; over TCP: {message}") from stopped

    async def _connection(self, place: Place, within_s: float) -> Reply:
        visit = Visit(self.context, place, self.course, self.facts, self.subjects)
        return await tcp.ask(self.query, self.asking.tls, visit, within_s)


async def _first(
    those: Sequence[_T], ask: Callable[[_T, float], Awaitable[Reply]], within_s: float
) -> Reply:
    """The answer of the first that gives one; each gets an equal share of the time left.

    If none does, what one of them did says more than that nobody was there at another, and that
    more than what keeps us from asking.
    """
    until = time.perf_counter() + within_s
    why: Stopped | None = None
    for at, one in enumerate(those):
        try:
            return await ask(one, max(0.0, until - time.perf_counter()) / (len(those) - at))
        except Stopped as stopped:
            if why is None or _weight(stopped) > _weight(why):
                why = stopped
    assert why is not None
    raise why


def _weight(stopped: Stopped) -> int:
    """How much it says of a name server that nobody got an answer."""
    reason = stopped.trouble.reason
    return 0 if reason in _OURS else 1 if reason in _NOBODY_THERE else 2
