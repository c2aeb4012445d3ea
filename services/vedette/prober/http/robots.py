"""What a target's robots.txt asks of who checks it (RFC 9309)."""

import asyncio
import time
from urllib.parse import urlsplit

from protego import Protego

from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.core.version import __version__
from vedette.prober.context import Context
from vedette.prober.domain import Trouble
from vedette.prober.http.visit import Visit

_KEPT_S = 3600.0
_MOST_BYTES = 512 * 1024
_PATIENCE = 0.5
_SUCCESS = 200


class Robots:
    """The robots.txt of a target, asked for once an hour at most."""

    def __init__(self, target: HttpTarget) -> None:
        parts = urlsplit(target.url)
        agent = _named(target.headers, "user-agent") or f"Vedette/{__version__}"
        self._agent = agent.partition("/")[0].strip()
        self._url = target.url
        self._place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._visit = Visit(
            target.model_copy(
                update={
                    "url": f"{parts.scheme}://{parts.netloc}/robots.txt",
                    "method": "GET",
                    "headers": {"User-Agent": agent},
                    **dict.fromkeys(("body", "body_base64", "json_body", "form", "auth")),
                    "http_versions": [],
                    "follow_redirects": True,
                    "max_redirects": 5,
                    "require_tls": None,
                    "compression": "any",
                    "read_body": True,
                    "body_limit_bytes": _MOST_BYTES,
                    "fail_if_larger": False,
                    "respect_robots": False,
                }
            )
        )
        self._allowed = True
        self._known_until = 0.0
        self._asking = asyncio.Lock()

    async def refusal(self, context: Context, timeout_s: float) -> Trouble | None:
        """Why the target must not be checked, if it says so; asked for in half the time at most."""
        async with self._asking:
            if time.monotonic() >= self._known_until:
                await self._ask(context, timeout_s * _PATIENCE)
        if self._allowed:
            return None
        words = f"{self._place}/robots.txt does not allow this to {self._agent}"
        return Trouble(Reason.FORBIDDEN_TARGET, f"{words}, and respect_robots is set")

    async def _ask(self, context: Context, timeout_s: float) -> None:
        seen = await self._visit.make(context, timeout_s)
        if seen.trouble is not None or seen.answer is None or seen.answer.status is None:
            return  # what is wrong with the target, the check itself will tell
        self._known_until = time.monotonic() + _KEPT_S
        self._allowed = True
        if seen.answer.status == _SUCCESS:
            self._allowed = Protego.parse(seen.answer.text()).can_fetch(self._url, self._agent)


def _named(headers: dict[str, str], wanted: str) -> str | None:
    return next((value for name, value in headers.items() if name.lower() == wanted), None)
