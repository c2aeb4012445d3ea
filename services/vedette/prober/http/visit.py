"""A visit: one request, and those that its redirects ask for, within one deadline."""

from vedette.core.kinds.http import HttpTarget
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.http.chain import Chain
from vedette.prober.http.demands import demands_of
from vedette.prober.http.manner import manner_of
from vedette.prober.http.request import request_of, with_token
from vedette.prober.http.sending import Sending


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
        chain = Chain(context, timeout_s, self._manner, self._most)
        handle, kept = context.curl.handle(first.standing), None
        try:
            trouble = await chain.run(first, handle)
            if trouble is None and not chain.redirects:
                kept = first.standing
        finally:
            context.curl.give_back(handle, kept)
        if trouble is None and self._demands is not None and chain.last is not None:
            trouble = self._demands.unmet(chain.last, secure=chain.secure)
        return chain.seen(trouble)
