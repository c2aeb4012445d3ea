"""Kind mysql: log in to MySQL or MariaDB, and ask one thing in SQL."""

import re
from contextlib import suppress
from typing import Any

from pymysql.err import MySQLError

from vedette.core.databases import MOST_ROWS
from vedette.core.kinds.mysql import MysqlTarget
from vedette.core.outcome import Reason
from vedette.prober.databases.mysql import Client
from vedette.prober.databases.session import refusal, session
from vedette.prober.databases.values import keep_rows
from vedette.prober.domain import Trouble
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.visit import Place, Visit

# Errors of these numbers are the client's own.
_CLIENTS = range(2000, 3000)
_NO_SUCH_PLUGIN = 2059
# As the client quotes a name that can be one; others are no answer.
_A_PLUGIN = re.compile(r"'(?:b')?[\w.-]+'?' not configured")
# The session's transactions: what changes a table's definition would first end a single one.
_READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
# The server has ended a query that took longer than it was told to let it: MySQL, MariaDB.
_TOOK_TOO_LONG = frozenset({3024, 1969})


class MysqlProbe(StreamProbe):
    """A MySQL or MariaDB server made ready to be asked."""

    def __init__(self, target: MysqlTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        target = self._target
        async with session(visit, target, _explain) as wire:
            client = Client(
                host=target.host,
                user=target.user,
                # It sends Latin 1, where servers are told passwords in UTF-8.
                password=(target.password or "").encode().decode("latin-1"),
                db=target.database,
                charset="utf8mb4",
                autocommit=None,
            )
            try:
                phase = "login" if target.tls is None else "starttls"
                visit.course.enter(phase, "await the greeting")
                await client.greet(visit, wire, target.tls)
                visit.course.enter("login", "log in")
                await client.log_in(visit.place.peer)
                visit.facts["version"] = client.version
                visit.course.enter("query", "query")
                answer = await self._ask(client, visit)
                visit.course.leave()
            finally:
                client.leave()
        if answer is not None:
            keep_rows(visit, *answer)

    async def _ask(self, client: Client, visit: Visit) -> tuple[list[str], list[Any]] | None:
        await client.ping(reconnect=False)
        with suppress(MySQLError):  # a proxy, or something like MySQL, may not know it
            _, ((read_only,),) = await client.rows("SELECT @@global.read_only", 2)
            visit.facts["read_only"] = str(read_only) not in {"0", "OFF"}
        query = self._target.query
        if query is None:
            return None
        with suppress(MySQLError):
            await client.rows(client.limit(max(visit.course.remaining_s(), 0.001)), 0)
        if self._target.read_only:
            await client.rows(_READ_ONLY, 0)
        return await client.rows(query, MOST_ROWS + 1)


def _explain(error: Exception) -> Trouble | None:
    if not isinstance(error, MySQLError) or not error.args or not isinstance(error.args[0], int):
        return None
    number, words = error.args[0], error.args[-1]
    if number in _TOOK_TOO_LONG:
        return Trouble(Reason.TIMEOUT, str(words))
    if number == _NO_SUCH_PLUGIN and _A_PLUGIN.search(str(words)):
        return Trouble(Reason.INTERNAL_ERROR, f"the prober's client can't log in so: {words}")
    return None if number in _CLIENTS else refusal(words, number)


PROBE = MysqlProbe
