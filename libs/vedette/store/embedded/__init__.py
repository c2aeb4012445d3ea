"""The PostgreSQL that `vedette up` brings along, for those who run none of their own.

It listens on a Unix socket in a private folder and nowhere else, runs as the system user
`vedette` when we are root, and outlives neither us nor, by more than a restart, our being killed.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import asyncpg
import structlog

from vedette.store.embedded.account import Account, account_for
from vedette.store.embedded.binaries import binaries_for
from vedette.store.embedded.cluster import USER, ensure_cluster
from vedette.store.embedded.command import uninterrupted
from vedette.store.embedded.errors import EmbeddedPostgresError
from vedette.store.embedded.layout import Layout
from vedette.store.embedded.postmaster import Postmaster
from vedette.store.embedded.reach import first_closed

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "dsn_of_running", "running_postgres"]

DATABASE = "vedette"
log = structlog.get_logger()
_LOOK_S = 1.0
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

# For a small data set that fits in memory, on a machine that has other things to do.
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "64MB",
        "max_wal_size": "512MB",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "io_method": "sync",
        "max_worker_processes": "4",
        "autovacuum_max_workers": "2",
        "autovacuum_naptime": "20s",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
        "log_min_messages": "warning",
        "log_checkpoints": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
)


class EmbeddedPostgres:
    """One server on one directory; started and stopped any number of times."""

    def __init__(self, directory: Path, *, settings: Mapping[str, str] = NO_SETTINGS) -> None:
        self.layout = Layout(directory.resolve())
        self.settings = {**SETTINGS, **settings}
        self._postmaster: Postmaster | None = None
        self._socket_folder: Path | None = None

    @property
    def dsn(self) -> str:
        """Where the database `vedette` is."""
        return self._dsn_of(DATABASE)

    async def start(self) -> None:
        """Start the server, on a new cluster if the directory holds none.

        Raises EmbeddedPostgresError.
        """
        try:
            await uninterrupted(self._start())
        except OSError as error:
            await self.stop()
            raise EmbeddedPostgresError(f"cannot use {self.layout.directory}: {error}") from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server, if it runs."""
        await uninterrupted(self._stop())

    async def keep(self) -> None:
        """Start the server again, where it was, whenever it has ended by itself."""
        while self._postmaster is not None:
            await asyncio.sleep(_LOOK_S)
            if await self._postmaster.pid() is None:
                log.error("PostgreSQL ended that should run; it is started again")
                try:
                    await uninterrupted(self._run(self._postmaster))
                except (EmbeddedPostgresError, OSError) as error:
                    log.error("it can't be yet", error=str(error))  # noqa: TRY400  (expected)

    async def _start(self) -> None:
        layout = self.layout
        layout.prepare()
        account = await account_for(layout.data)
        await self._check_reach(account)
        binaries = await binaries_for(account, layout.directory)
        sync = self.settings.get("fsync") != "off"
        await ensure_cluster(layout.data, binaries, account, sync=sync)
        self._postmaster = Postmaster(layout, binaries, account)
        await self._run(self._postmaster)
        await self._ensure_database()

    async def _run(self, postmaster: Postmaster) -> None:
        await postmaster.replace_predecessor()
        self.layout.open_log(postmaster.account)
        folder = self._socket_folder
        self._socket_folder = self.layout.fresh_socket_folder(postmaster.account, before=folder)
        await postmaster.start({**self.settings, **self._socket_setting()})

    async def _stop(self) -> None:
        if self._postmaster is not None:
            await self._postmaster.stop()
            self._postmaster = None
        if self._socket_folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._socket_folder, ignore_errors=True)
            self._socket_folder = None

    async def _check_reach(self, account: Account | None) -> None:
        if account is None:
            return
        closed = await first_closed(self.layout.directory, account)
        if closed is not None:
            raise EmbeddedPostgresError(
                f"PostgreSQL does not run as root, and its user cannot enter {closed}:"
                " choose another VEDETTE_DATA_DIR, such as /var/lib/vedette"
            )

    def _socket_setting(self) -> dict[str, str]:
        # The setting is a list of names in SQL's quotes: a comma in a path would split it.
        name = str(self._socket_folder).replace('"', '""')
        return {"unix_socket_directories": f'"{name}"'}

    def _dsn_of(self, database: str) -> str:
        if self._socket_folder is None:
            raise EmbeddedPostgresError("the embedded PostgreSQL is not running")
        return _dsn(database, str(self._socket_folder), self.settings.get("port"))

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(self._dsn_of("postgres"), timeout=30)
        try:
            known = "select true from pg_database where datname = $1"
            if not await connection.fetchval(known, DATABASE):
                await connection.execute(f'create database "{DATABASE}"')
        finally:
            await connection.close()


def dsn_of_running(directory: Path) -> str | None:
    """The DSN of the server that another process runs on a directory; None if none seems to.

    Raises EmbeddedPostgresError if that is not ours to see.
    """
    file = Layout(directory.resolve()).data / "postmaster.pid"
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EmbeddedPostgresError(f"cannot read {file}: {error.strerror}") from error
    # Process, data, start, port, socket's folder, …: the later ones once it has opened them.
    _, _, _, port, folder = (lines + [""] * 5)[:5]
    return _dsn(DATABASE, folder, port) if folder else None


def _dsn(database: str, folder: str, port: str | None) -> str:
    where = f"postgresql://{USER}@/{database}?host={quote(folder)}"
    # A socket is called by the port, even of a server that listens nowhere else.
    return where + (f"&port={port}" if port is not None else "")


@asynccontextmanager
async def running_postgres(
    directory: Path, *, settings: Mapping[str, str] = NO_SETTINGS
) -> AsyncIterator[str]:
    """The embedded PostgreSQL on `directory`, kept running, as the DSN of its database `vedette`.

    The caller makes sure that nobody else uses the directory at the same time.
    """
    server = EmbeddedPostgres(directory, settings=settings)
    await server.start()
    keeping = asyncio.create_task(server.keep(), name="PostgreSQL is kept running")
    try:
        yield server.dsn
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await server.stop()
