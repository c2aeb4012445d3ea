"""A visit: one request, and those that its redirects ask for, within one deadline."""

import time
from dataclasses import dataclass, field

from vedette.core.hosts import IpProtocol
from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.core.redaction import hidden_url
from vedette.prober.context import Context
from vedette.prober.curl import Handle
from vedette.prober.domain import Seen, Trouble
from vedette.prober.http.demands import demands_of
from vedette.prober.http.exchange import exchange
from vedette.prober.http.leading import AS_THE_URL_SAYS, Addresses
from vedette.prober.http.manner import Manner, manner_of
from vedette.prober.http.proxy import failure
from vedette.prober.http.request import Request, redirected, request_of, with_token
from vedette.prober.http.seeing import Exchange
from vedette.prober.http.sending import Sending
from vedette.prober.names import lacks_ipv6

_SHOWN = 200
_ANY: IpProtocol = "any"


class Visit:
    """A target made ready to be visited, any number of times, also at once."""

    def __init__(self, target: HttpTarget) -> None:
        """Raises ValueError if libcurl can't read the URL."""
        first = request_of(target)
        self.host = first.origin.host
        self._manner = manner_of(target, first.origin)
        self._first = Sending.of(first, self._manner)
        self._demands = demands_of(target)
        self._most = target.max_redirects if target.follow_redirects else None

    async def make(self, context: Context, timeout_s: float, token: bytes | None = None) -> Seen:
        """Send the request, with a bearer token if there is one, and follow where it leads."""
        first = self._first
        if token is not None:
            first = Sending.of(with_token(first.request, token), self._manner)
        chain = _Chain(context, timeout_s, self._manner, self._most)
        handle = context.curl.handle()
        try:
            trouble = await chain.run(first, handle)
        finally:
            context.curl.give_back(handle)
        if trouble is None and self._demands is not None and chain.last is not None:
            trouble = self._demands.unmet(chain.last, secure=chain.secure)
        return chain.seen(trouble)


@dataclass(slots=True)
class _Chain:
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
        return Seen(duration_ms, self.phases, facts, trouble, answer, subjects)

    def _remaining_s(self) -> float:
        return self.began + self.timeout_s - time.perf_counter()

    async def _one(self, sending: Sending, handle: Handle) -> Request | Trouble | None:
        """One request: what comes next, what went wrong, or None at the end."""
        self.last = None  # what is reported is the last one's
        addresses = AS_THE_URL_SAYS
        if not (sending.request.origin.literal and self.manner.straight):
            found = await self._addresses(sending.request)
            if isinstance(found, Trouble):
                return found
            addresses = found
        done = await exchange(
            sending,
            handle,
            self.context,
            addresses=addresses,
            remaining_s=self._remaining_s(),
            timeout_s=self.timeout_s,
            follow=self.most is not None,
        )
        for phase, ms in done.phases.items():
            self.phases[phase] = self.phases.pop(phase, 0.0) + ms
        self.last = done
        self.secure = sending.request.origin.secure
        if done.location is None or done.answer is None or done.answer.status is None:
            if self.manner.proxy is not None:
                return done.trouble
            return _without_ipv6(done.trouble, sending.request, addresses)
        return self._next(sending.request, done.answer.status, done.location)

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
        self.phases["resolve"] = self.phases.pop("resolve", 0.0) + took_ms
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
