"""The chain of requests of one check: the first one, and what its redirects ask for."""

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field

from vedette.core.hosts import IpProtocol
from vedette.core.outcome import Reason
from vedette.core.redaction import hidden_url
from vedette.core.result import Hop
from vedette.core.urls import bare
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.http.exchange import Terms, exchange
from vedette.prober.http.leading import AS_THE_URL_SAYS, Addresses
from vedette.prober.http.manner import Manner
from vedette.prober.http.ntlm import logged_in
from vedette.prober.http.proxy import failure
from vedette.prober.http.request import Request, redirected
from vedette.prober.http.seeing import Exchange
from vedette.prober.http.sending import Sending
from vedette.prober.multi import Handle
from vedette.prober.names import lacks_ipv6

_SHOWN = 200
_SHOWN_URL = 300
_ANY: IpProtocol = "any"
_LATE = frozenset({Reason.TIMEOUT, Reason.CONNECT_TIMEOUT})


Sent = tuple[Request, Mapping[str, float], Exchange | None]
"""A request, its phases, and what came of it, if it was sent."""


@dataclass(slots=True)
class Chain:
    """One check under way: what its requests have seen so far."""

    context: Context
    timeout_s: float
    manner: Manner
    most: int | None
    """How many redirects are followed; None for none, and then they are answers like others."""
    began: float = field(default_factory=time.perf_counter)
    phases: dict[str, float] = field(default_factory=dict)
    last: Exchange | None = None
    secure: bool = False
    redirects: int = 0
    requests: list[Sent] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    _hop: dict[str, float] = field(default_factory=dict)
    """The phases of the request under way."""

    async def run(self, first: Sending, handle: Handle) -> Trouble | None:
        """Go from request to request until one is not redirected."""
        sending = first
        while True:
            following = await self._one(sending, handle)
            if not isinstance(following, Request):
                return following
            sending = Sending.of(following, self.manner)
            self.redirects += 1
            handle.reset()  # keeps cookies

    def seen(self, trouble: Trouble | None) -> Seen:
        """What the check saw, now that it has ended."""
        duration_ms = (time.perf_counter() - self.began) * 1000
        last = self.last
        facts = {} if last is None else last.facts
        answer = None if last is None else last.answer
        subjects: dict[str, object] = {"redirects": self.redirects}
        if "ip" in facts:
            subjects["ip"] = facts["ip"]
        if answer is not None and self.manner.taking.body:
            subjects["size"] = facts["size"]
            if len(answer.body) != facts["size"]:  # encoded, or cut
                facts["body_size"] = len(answer.body)
        if last is not None and last.certificate is not None:
            subjects["certificate"] = last.certificate
        if answer is not None or self.redirects:
            facts["redirects"] = self.redirects
        hops = [hop_of(*one) for one in self.requests] if self.redirects else []
        return Seen(duration_ms, self.phases, facts, trouble, answer, subjects, self.secrets, hops)

    def _remaining_s(self) -> float:
        return self.began + self.timeout_s - time.perf_counter()

    async def _one(self, sending: Sending, handle: Handle) -> Request | Trouble | None:
        """One request: what comes next, what went wrong, or None at the end."""
        self.last = None  # what is reported is the last one's
        hop = self._hop = {}
        addresses, manner = AS_THE_URL_SAYS, self.manner
        if not (sending.request.origin.literal and manner.straight):
            found = await self._addresses(sending.request)
            if isinstance(found, Trouble):
                self.requests.append((sending.request, hop, None))
                return found
            addresses = found
        if manner.proxy is None:
            done = self._noted(await self._send(sending, handle, addresses))
        else:
            done = await self._sent_on(sending, handle, addresses)
        self.last = done
        self.requests.append((sending.request, hop, done))
        self.secure = sending.request.origin.secure
        if done.location is None or done.answer is None or done.answer.status is None:
            if manner.proxy is not None or done.trouble is None:
                return done.trouble
            return _without_ipv6(done.trouble, sending.request, addresses)
        return self._next(sending.request, done.answer.status, done.location)

    async def _sent_on(self, sending: Sending, handle: Handle, addresses: Addresses) -> Exchange:
        """Send a request by a proxy, to one of the target's addresses after the other."""
        ways = addresses.one_by_one()
        for left in range(len(ways) - 1, 0, -1):
            connect_s = self._remaining_s() / (left + 1)
            done = self._noted(await self._send(sending, handle, ways[-1 - left], connect_s))
            if not (done.barred or self._was_hurried(done)):
                return done
            handle.reset()  # keeps cookies
        return self._noted(await self._send(sending, handle, ways[-1]))

    def _send(
        self,
        sending: Sending,
        handle: Handle,
        addresses: Addresses,
        connect_s: float | None = None,
    ) -> Awaitable[Exchange]:
        until, follow = self.began + self.timeout_s, self.most is not None
        terms = Terms(addresses, until, self.timeout_s, follow, connect_s)
        # Credentials are for the target's own origin alone.
        logs_in = self.manner.ntlm is not None and sending.request.origin == self.manner.origin
        return (logged_in if logs_in else exchange)(sending, handle, self.context, terms)

    def _noted(self, done: Exchange) -> Exchange:
        if done.secret is not None:
            self.secrets.append(done.secret)
        if self._hop or self.phases:
            for phase, ms in done.phases.items():
                self._spent(phase, ms)
        else:
            self.phases.update(done.phases)
            self._hop.update(done.phases)
        return done

    def _was_hurried(self, done: Exchange) -> bool:
        """Whether it ended for want of time, of which there is more."""
        late = done.trouble is not None and done.trouble.reason in _LATE
        return late and self._remaining_s() > 0

    def _spent(self, phase: str, ms: float) -> None:
        for phases in (self.phases, self._hop):
            phases[phase] = phases.pop(phase, 0.0) + ms

    async def _addresses(self, request: Request) -> Addresses | Trouble:
        proxy = self.manner.proxy
        beside: list[str] = []
        if proxy is not None and not proxy.literal:
            found = await self._resolve(proxy.host)
            if isinstance(found, Trouble):
                return failure(proxy, found.message)
            beside = found
        if proxy is not None and proxy.resolves:
            return Addresses(proxy=beside)
        address = self.manner.address
        if address is not None and request.origin.host == self.manner.origin.host:
            return Addresses([address], beside)
        if request.origin.literal:
            return Addresses(proxy=beside)
        found = await self._resolve(request.origin.host, own=True)
        return found if isinstance(found, Trouble) else Addresses(found, beside)

    async def _resolve(self, host: str, *, own: bool = False) -> list[str] | Trouble:
        """Ask for a name: the target's own in the way it wants."""
        resolver, protocol = self.context.resolver, _ANY
        if own:
            nameserver, protocol = self.manner.nameserver, self.manner.protocol
            refusal = nameserver and self.context.guard.check(_address(nameserver))
            if refusal:
                return refusal
            resolver = resolver.at(nameserver)
        started = time.perf_counter()
        found = await resolver.resolve(host, self._remaining_s(), protocol)
        took_ms = (time.perf_counter() - started) * 1000
        self._spent("resolve", took_ms)
        return found

    def _next(self, request: Request, status: int, location: bytes) -> Request | Trouble:
        if self.redirects == self.most:
            message = f"still redirected after {self.most} redirects, with HTTP status {status}"
            return Trouble(Reason.TOO_MANY_REDIRECTS, message)
        try:
            return redirected(request, status, location)
        except ValueError as error:
            shown = hidden_url(location.decode(errors="replace"))[:_SHOWN]
            return Trouble(Reason.PROTOCOL_ERROR, f"redirected to {shown!r}: {error}")


def hop_of(request: Request, phases: Mapping[str, float], done: Exchange | None) -> Hop:
    """A request as a person is shown it."""
    facts = {} if done is None else done.facts
    return Hop(
        url=bare(request.url)[:_SHOWN_URL],
        status=facts.get("status"),
        ip=facts.get("ip"),
        phases={phase: round(ms, 3) for phase, ms in phases.items()},
    )


def _address(nameserver: str) -> str:
    return nameserver.rpartition(":")[0].strip("[]")


def _without_ipv6(
    trouble: Trouble | None, request: Request, addresses: Addresses
) -> Trouble | None:
    """What no IPv6 of ours made unreachable is our trouble, not the target's."""
    if trouble is None or trouble.reason is not Reason.CONNECT_UNREACHABLE:
        return trouble
    tried = addresses.target or [request.origin.host]
    if not lacks_ipv6(tried):
        return trouble
    return Trouble(Reason.INTERNAL_ERROR, f"the prober has no IPv6: {trouble.message}")
