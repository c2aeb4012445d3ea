"""OAuth 2 tokens by the client credentials grant, kept as long as they are good.

One client has one token, however many monitors and checks use it.
"""

import asyncio
import time
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

import orjson

from vedette.core.http import OAuth2Auth
from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen, Trouble
from vedette.prober.http.origin import basic, locate
from vedette.prober.http.visit import Visit

_FETCH_S = 10.0
# A token must still be good when the target looks at it, by the target's clock.
_MARGIN_S = 30.0
_MARGIN_SHARE = 0.1
# Without a word about it, a token is good for this long (RFC 6749 leaves it to the server).
_UNSTATED_S = 300.0
_MOST_CLIENTS = 4096


class _NoToken(Exception):
    """The message says why."""


@dataclass(slots=True)
class Tokens:
    """The token of one client."""

    visit: Visit
    url: str
    _token: bytes | None = None
    _good_until: float = 0.0
    _fetching: asyncio.Task[bytes] | None = field(default=None)

    async def get(self, context: Context, timeout_s: float) -> tuple[bytes, bool] | Trouble:
        """A token, and whether it is fresh from the server, or why there is none."""
        if self._token is not None and time.monotonic() < self._good_until:
            return self._token, False
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch(context))
            self._fetching.add_done_callback(self._fetched)
        fetching = self._fetching
        await asyncio.wait({fetching}, timeout=timeout_s)
        if not fetching.done():
            return self._failure("it took too long")
        if fetching.cancelled():
            return self._failure("the prober is stopping")
        error = fetching.exception()
        return self._failure(str(error)) if error is not None else (fetching.result(), True)

    def forget(self, token: bytes) -> None:
        """The target does not take this token (any more)."""
        if self._token == token:
            self._token = None

    def _failure(self, why: str) -> Trouble:
        message = f"the token endpoint {self.url} gave no token: {why}"
        return Trouble(Reason.INTERNAL_ERROR, message)

    def _fetched(self, fetching: "asyncio.Task[bytes]") -> None:
        self._fetching = None
        if not fetching.cancelled():
            fetching.exception()  # told by every check that waited

    async def _fetch(self, context: Context) -> bytes:
        asked_at = time.monotonic()
        token, lifetime_s = _read(await self.visit.make(context, _FETCH_S))
        margin_s = min(_MARGIN_S, lifetime_s * _MARGIN_SHARE)
        self._token, self._good_until = token, asked_at + lifetime_s - margin_s
        return token


def tokens_of(target: HttpTarget, auth: OAuth2Auth) -> Tokens:
    """The tokens of a target's client, shared with the targets that name the same."""
    place = locate(auth.token_url)
    shown = f"{place.origin.scheme}://{place.origin.peer}"
    asking = HttpTarget(
        url=auth.token_url,
        method="POST",
        headers=_headers(auth),
        body=_form(auth),
        follow_redirects=False,
        tls=target.tls.model_copy(update={"server_name": None}),
        proxy=target.proxy,
        resolver=target.resolver,
        body_limit_bytes=65_536,
    )
    return _shared(asking.model_dump_json(by_alias=True), shown)


@lru_cache(maxsize=_MOST_CLIENTS)
def _shared(asking: str, shown: str) -> Tokens:
    return Tokens(Visit(HttpTarget.model_validate_json(asking)), shown)


def _headers(auth: OAuth2Auth) -> dict[str, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if auth.client_auth == "header":
        # Both are form-encoded first (RFC 6749, section 2.3.1).
        pair = basic(quote_plus(auth.client_id).encode(), quote_plus(auth.client_secret).encode())
        headers["Authorization"] = pair.decode()
    return headers


def _form(auth: OAuth2Auth) -> str:
    fields = {"grant_type": "client_credentials", "scope": auth.scope, "audience": auth.audience}
    if auth.client_auth == "body":
        fields |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    return urlencode({name: value for name, value in fields.items() if value is not None})


def _read(seen: Seen) -> tuple[bytes, float]:
    """The token in an answer, and how long it is good, in seconds. Raises _NoToken."""
    if seen.trouble is not None:
        raise _NoToken(seen.trouble.message)
    assert seen.answer is not None
    try:
        said = orjson.loads(seen.answer.body)
    except ValueError:
        said = None
    stated = said if isinstance(said, dict) else {}
    token = stated.get("access_token")
    if seen.answer.status != 200 or not isinstance(token, str) or not _sendable(token):
        raise _NoToken(_refusal(seen.answer.status, stated))
    return token.encode(), _lifetime_s(stated.get("expires_in"))


def _refusal(status: int | None, stated: dict[str, object]) -> str:
    error = str(stated.get("error", ""))[:100]
    return f"HTTP status {status}" + (f", {error!r}" if error else ", no access_token")


def _lifetime_s(stated: object) -> float:
    try:
        return max(0.0, float(str(stated)))
    except ValueError:
        return _UNSTATED_S


def _sendable(token: str) -> bool:
    return token != "" and token.isascii() and token.isprintable()
