"""The external heartbeat: while Vedette as a whole is well, and only then, it pings a URL.

Whoever is behind it, a dead man's switch, tells people when pings stay out. However many
notifiers run, the one that moves the row of `heartbeat` on looks and pings, this time.
"""

import asyncio
from typing import Any

import aiohttp
import structlog
from prometheus_client import Counter

from vedette.core.wellness import Finding, Level, examined
from vedette.notifier.words import one_line
from vedette.store.figures import figures
from vedette.store.pool import Pool, connection

LOOKS = 10
"""How often it is looked, in an interval, whether it is time again."""
_PATIENCE_S = 10

beats = Counter("vedette_heartbeats_total", "External heartbeats: sent, withheld, failed.", ["end"])
log = structlog.get_logger()


class Heartbeat:
    """Pings `url` every `interval_s` seconds, shared with all who use the database."""

    def __init__(
        self, pool: Pool, http: aiohttp.ClientSession, *, url: str, interval_s: float
    ) -> None:
        self._pool = pool
        self._http = http
        self._url = url
        self._interval_s = interval_s

    async def beat(self) -> None:
        """Look and ping, if it is time and nobody else has done so. Raises Transient."""
        async with connection(self._pool) as db:
            if not await db.fetchval(_CLAIM, self._interval_s * (1 - 0.5 / LOOKS)):
                return
            findings = examined(await figures(db))
        ailing = [finding for finding in findings if finding.level is Level.BAD]
        if ailing:
            await self._withhold("; ".join(map(_told, ailing)))
        elif (failure := await self._ping()) is not None:
            await self._fail(failure)
        else:
            await self._execute(_SENT)
            beats.labels("sent").inc()

    async def _withhold(self, why: str) -> None:
        log.warning("not well: the external heartbeat is withheld", because=why)
        await self._execute(_WITHHELD, why)
        beats.labels("withheld").inc()

    async def _fail(self, failure: str) -> None:
        """Note it, and that it is to be tried again soon."""
        log.warning("the external heartbeat failed", error=failure)
        await self._execute(_FAILED, f"the ping failed: {failure}")
        beats.labels("failed").inc()

    async def _ping(self) -> str | None:
        """What went wrong, if anything; never the URL, which is a secret of its own."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self._http.get(self._url) as response:
                return None if response.ok else f"HTTP status {response.status}"
        except TimeoutError:
            return f"no answer within {_PATIENCE_S} s"
        except (aiohttp.ClientError, OSError) as error:
            return type(error).__name__

    async def _execute(self, statement: str, *values: Any) -> None:
        async with connection(self._pool) as db:
            await db.execute(statement, *values)


def _told(finding: Finding) -> str:
    return one_line(f"{finding.part}: {finding.words}")


_CLAIM = """
update heartbeat set looked_at = now() where looked_at <= now() - make_interval(secs => $1)
returning true"""
_SENT = "update heartbeat set pinged_at = now(), withheld = null"
_WITHHELD = "update heartbeat set withheld = $1"
_FAILED = "update heartbeat set looked_at = '-infinity', withheld = $1"
