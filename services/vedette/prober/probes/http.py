"""Kind http: one request, and those that its redirects ask for, within one deadline."""

import time
from dataclasses import dataclass, field

from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.curl import Handle
from vedette.prober.domain import Seen, Trouble
from vedette.prober.http.exchange import exchange
from vedette.prober.http.request import Request, redirected, request_of

KIND = "http"
MAX_REDIRECTS = 10
_SHOWN = 200


class HttpProbe:
    """An HTTP target made ready."""

    def __init__(self, target: HttpTarget) -> None:
        self._first = request_of(target)
        self._follow = target.follow_redirects

    @property
    def host(self) -> str:
        """The host of the target's URL."""
        return self._first.origin.host

    async def probe(self, context: Context, timeout_s: float) -> Seen:
        """Send the request and follow where it leads."""
        chain = _Chain(context, timeout_s, follow=self._follow)
        handle = context.curl.handle()
        try:
            trouble = await chain.run(self._first, handle)
        finally:
            context.curl.give_back(handle)
        return chain.seen(trouble)


PROBE = HttpProbe


@dataclass(slots=True)
class _Chain:
    """One check under way: what its requests have seen so far."""

    context: Context
    timeout_s: float
    follow: bool
    began: float = field(default_factory=time.perf_counter)
    phases: dict[str, float] = field(default_factory=dict)
    facts: dict[str, str | int | float | bool] = field(default_factory=dict)
    answer: Answer | None = None
    redirects: int = 0

    async def run(self, first: Request, handle: Handle) -> Trouble | None:
        """Go from request to request until one is not redirected."""
        request = first
        while True:
            following = await self._one(request, handle)
            if not isinstance(following, Request):
                return following
            request = following
            self.redirects += 1
            handle.reset()  # keeps cookies

    def seen(self, trouble: Trouble | None) -> Seen:
        """What the check saw, now that it has ended."""
        if self.answer is not None or self.redirects:
            self.facts["redirects"] = self.redirects
        duration_ms = (time.perf_counter() - self.began) * 1000
        return Seen(duration_ms, self.phases, self.facts, trouble, self.answer)

    def _remaining_s(self) -> float:
        return self.began + self.timeout_s - time.perf_counter()

    async def _one(self, request: Request, handle: Handle) -> Request | Trouble | None:
        """One request: what comes next, what went wrong, or None at the end."""
        self.facts, self.answer = {}, None  # what is reported is the last one's
        addresses = await self._resolve(request)
        if isinstance(addresses, Trouble):
            return addresses
        done = await exchange(
            request,
            handle,
            self.context,
            addresses=addresses,
            remaining_s=self._remaining_s(),
            timeout_s=self.timeout_s,
            follow=self.follow,
        )
        for phase, ms in done.phases.items():
            self.phases[phase] = self.phases.pop(phase, 0.0) + ms
        self.facts.update(done.facts)
        self.answer = done.answer
        if done.location is None or done.answer is None or done.answer.status is None:
            return done.trouble
        return self._next(request, done.answer.status, done.location)

    async def _resolve(self, request: Request) -> list[str] | Trouble:
        if request.origin.literal:
            return []
        started = time.perf_counter()
        found = await self.context.resolver.resolve(request.origin.host, self._remaining_s())
        took_ms = (time.perf_counter() - started) * 1000
        self.phases["resolve"] = self.phases.pop("resolve", 0.0) + took_ms
        return found

    def _next(self, request: Request, status: int, location: bytes) -> Request | Trouble:
        if self.redirects == MAX_REDIRECTS:
            message = f"still redirected after {MAX_REDIRECTS} redirects, with HTTP status {status}"
            return Trouble(Reason.TOO_MANY_REDIRECTS, message)
        try:
            return redirected(request, status, location)
        except ValueError as error:
            shown = location[:_SHOWN].decode(errors="replace")
            return Trouble(Reason.PROTOCOL_ERROR, f"redirected to {shown!r}: {error}")
