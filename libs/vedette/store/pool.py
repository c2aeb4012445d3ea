"""The connection pool, and which database errors pass by themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from vedette.core.errors import Transient

if TYPE_CHECKING:  # the stubs give them a record type, which the classes don't take
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection | PoolConnectionProxy

# What passes by itself (the server is gone, starting, full, or chose us in a deadlock), or once its
# operator has mended it: no message is to blame for a password that was changed before ours was.
_PASSING = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # it lost its place in a conversation that was cut off
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ReadOnlySQLTransactionError,  # who was the primary server is a replica now
    asyncpg.PostgresSystemError,
)


@asynccontextmanager
async def open_pool(dsn: str, *, size: int, application: str) -> AsyncIterator[Pool]:
    """A pool of up to `size` connections, closed on exit.

    JSON columns are read and written as Python values. Raises Transient if the server can't be
    reached.
    """
    with transient_errors():
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=_prepare,
            reset=_leave,
            command_timeout=30,
            server_settings={
                "application_name": f"vedette-{application}",
                # A process frozen inside a transaction must not keep its row locks for ever.
                "idle_in_transaction_session_timeout": "10s",
                "timezone": "UTC",
            },
        )
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A connection inside one transaction. Database errors that pass are raised as Transient."""
    with transient_errors():
        async with pool.acquire() as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection without a transaction. Errors that pass are raised as Transient."""
    with transient_errors():
        async with pool.acquire() as found:
            yield found


class transient_errors:  # noqa: N801  (used as a statement: `with transient_errors():`)
    """Raise Transient in place of database errors that pass by themselves."""

    def __enter__(self) -> None:
        """Start watching."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate."""
        if isinstance(error, _PASSING):
            raise Transient(f"database: {_words(error)}") from error


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(error) or type(error).__name__


async def _leave(_connection: Connection) -> None:
    """Nothing to undo: a question less, for the server, after each transaction.

    We take advisory locks for a transaction only, set nothing outside of one, and end what we
    listen to.
    """


async def _prepare(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )
