"""Kind http: a visit to a URL, with a token if the target's credentials are OAuth 2."""

import time
from collections.abc import Awaitable

from vedette.core.http import OAuth2Auth
from vedette.core.kinds.http import HttpTarget
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.http.robots import Robots
from vedette.prober.http.tokens import Tokens, tokens_of
from vedette.prober.http.visit import Visit

_UNAUTHORIZED = 401


class HttpProbe:
    """An HTTP target made ready."""

    def __init__(self, target: HttpTarget) -> None:
        self._visit = Visit(target)
        self.host = self._visit.host
        self._tokens: Tokens | None = None
        if isinstance(target.auth, OAuth2Auth):
            self._tokens = tokens_of(target, target.auth)
        self._robots = Robots(target) if target.respect_robots else None

    def probe(self, context: Context, timeout_s: float) -> Awaitable[Seen]:
        """Send the request and follow where it leads."""
        if self._robots is None and self._tokens is None:
            return self._visit.make(context, timeout_s)
        return self._permitted(context, time.perf_counter() + timeout_s)

    async def _permitted(self, context: Context, until: float) -> Seen:
        """A visit with what it needs first: the word of robots.txt, a token."""
        if self._robots is not None:
            refusal = await self._robots.refusal(context, until - time.perf_counter())
            if refusal is not None:
                return Seen(0.0, trouble=refusal)
        if self._tokens is None:
            return await self._visit.make(context, until - time.perf_counter())
        return await self._with_token(context, self._tokens, until)

    async def _with_token(self, context: Context, tokens: Tokens, until: float) -> Seen:
        """A visit, and a second one if it was only that a token kept by us isn't good any more.

        The time to get a token is no time of the target's.
        """
        while True:
            token = await tokens.get(context, until - time.perf_counter())
            if isinstance(token, Trouble):
                return Seen(0.0, trouble=token)
            value, fresh = token
            seen = await self._visit.make(context, until - time.perf_counter(), value)
            status = seen.answer.status if seen.answer is not None else None
            if fresh or status != _UNAUTHORIZED:
                return seen._replace(secrets=(value.decode(),))
            tokens.forget(value)


PROBE = HttpProbe
