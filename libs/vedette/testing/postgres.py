"""A private PostgreSQL that many tests share, each with a database of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from vedette.store import embedded
from vedette.store.embedded.account import account_for
from vedette.testing.ports import free_port
from vedette.testing.scratch import scratch

# What a test loses in a power cut, nobody misses.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ACCESS = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Reachable:
    """A PostgreSQL that listens on a port of 127.0.0.1, where a password is asked for."""

    dsn: str
    """Where no password is asked for."""
    port: int


@asynccontextmanager
async def running_postgres() -> AsyncIterator[str]:
    """An embedded PostgreSQL in a temporary folder, as the DSN of its database `vedette`."""
    with scratch("postgres") as directory:
        async with embedded.running_postgres(directory, settings=SETTINGS) as dsn:
            yield dsn


async def fresh_database(dsn: str, *, template: str = "template1") -> str:
    """The DSN of a new, uniquely named database on the same server.

    `template` names a database to copy, such as one that is migrated already.
    """
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f'create database "{name}" template "{template}"')
    finally:
        await connection.close()
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


@asynccontextmanager
async def reachable_postgres() -> AsyncIterator[Reachable]:
    """A PostgreSQL that is reached over TCP; without TLS, which the embedded one has not."""
    port = free_port()
    with scratch("postgres") as directory:
        settings = {
            **SETTINGS,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "hba_file": str(await _access_file(directory)),
        }
        async with embedded.running_postgres(directory, settings=settings) as dsn:
            yield Reachable(dsn, port)


async def _access_file(directory: Path) -> Path:
    file = directory / "access"
    file.write_text(_ACCESS)
    account = await account_for(directory / "data")
    if account is not None:
        os.chown(file, account.uid, account.gid)
    return file
