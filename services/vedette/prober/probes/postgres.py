"""Kind postgres: log in, and ask one thing in SQL."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, cast

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from vedette.core.databases import MOST_ROWS
from vedette.core.kinds.postgres import PostgresTarget
from vedette.core.outcome import Reason
from vedette.prober.databases.postgres import Messages
from vedette.prober.databases.session import refusal, session
from vedette.prober.databases.values import keep_rows
from vedette.prober.domain import Trouble
from vedette.prober.streams.course import Course
from vedette.prober.streams.probe import StreamProbe
from vedette.prober.streams.visit import Place, Visit
from vedette.prober.streams.wire import Wire

_LIVELINESS = "SELECT 1"
# What the client says of a server that breaks the protocol: a method that has no name, a proof that
# proves nothing, a question asked twice.
_THEIRS = re.compile(r"requested by the server: -?\d+$|could not verify server|^duplicate ")
_NO_MODULE = "module not found; please install asyncpg"
_CANCELED = "57014"  # as a statement is that has run for longer than statement_timeout


class PostgresProbe(StreamProbe):
    """A PostgreSQL server made ready to be asked."""

    def __init__(self, target: PostgresTarget) -> None:
        super().__init__(Place.of(target), target.tls)
        self._target = target

    async def _converse(self, visit: Visit) -> None:
        if self._target.tls is not None:
            await visit.negotiate("postgres")
            await visit.secure(self._target.tls)
        async with session(visit, self._target, _explain) as wire:
            visit.course.enter("login", "log in")
            connection = await self._log_in(wire, visit.course)
            _note(visit, connection)
            visit.course.enter("query", "query")
            answer = await self._ask(connection, visit.course)
            visit.course.leave()
            connection.terminate()
        if answer is not None:
            keep_rows(visit, *answer)

    async def _log_in(self, wire: Wire, course: Course) -> "asyncpg.Connection[Any]":
        # What is not said here, the client would look for in the prober's environment.
        target = self._target
        return await asyncpg.connect(
            host=target.host,
            port=target.port,
            user=target.user,
            password=target.password or "",
            database=target.database or target.user,
            ssl=False,
            direct_tls=False,
            target_session_attrs=SessionAttribute.any,
            timeout=2 * course.timeout_s,  # which is over before
            statement_cache_size=0,  # no statement has a name, which poolers would not know
            server_settings={"application_name": "vedette"},
            loop=cast(asyncio.AbstractEventLoop, _Lending(wire, course.peer)),
        )

    async def _ask(
        self, connection: "asyncpg.Connection[Any]", course: Course
    ) -> tuple[list[str], list[Any]] | None:
        query = self._target.query
        if query is None:
            await connection.execute(_LIVELINESS)
            return None
        mode, end = ("READ ONLY", "ROLLBACK") if self._target.read_only else ("", "COMMIT")
        left_ms = max(int(course.remaining_s() * 1000), 1)
        await connection.execute(f"BEGIN {mode}; SET LOCAL statement_timeout = {left_ms}")
        statement = await connection.prepare(query)
        names = [attribute.name for attribute in statement.get_attributes()]
        cursor = await statement.cursor()
        rows = await cursor.fetch(MOST_ROWS + 1)
        await connection.execute(end)
        return names, rows


class _Lending:
    """The running loop for asyncpg, except that the one connection to be had is there already."""

    def __init__(self, wire: Wire, peer: str) -> None:
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = wire

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], *_: object
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """The connection, once: to cancel a query asyncpg would open another."""
        wire, self._wire = self._wire, None
        if wire is None:
            raise ConnectionRefusedError
        return wire, wire.begin(factory(), Messages(self._peer).hear)

    def call_exception_handler(self, _: object) -> None:
        """What fails in the client is told by what it raises."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


def _note(visit: Visit, connection: "asyncpg.Connection[Any]") -> None:
    """What a server tells of itself at login."""
    settings = connection.get_settings()
    visit.facts["version"] = str(getattr(settings, "server_version", "")).partition(" ")[0]
    for fact, name in (
        ("in_recovery", "in_hot_standby"),
        ("read_only", "default_transaction_read_only"),
    ):
        if hasattr(settings, name):
            visit.facts[fact] = getattr(settings, name) == "on"


def _explain(error: Exception) -> Trouble | None:
    if isinstance(error, asyncpg.PostgresError) and error.severity:
        if error.sqlstate == _CANCELED:
            return Trouble(Reason.TIMEOUT, str(error.message))
        return refusal(error.message, error.sqlstate)
    if _NO_MODULE in str(error):
        words = "the prober's client can't log in by Kerberos (GSSAPI, SSPI)"
        return Trouble(Reason.INTERNAL_ERROR, words)
    if isinstance(error, asyncpg.InterfaceError) and not _THEIRS.search(str(error)):
        return Trouble(Reason.INTERNAL_ERROR, f"the prober's client can't go on: {error}")
    return None


PROBE = PostgresProbe
