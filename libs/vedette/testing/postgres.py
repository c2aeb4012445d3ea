"""A private PostgreSQL that many tests share, each with a database of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from vedette.store import embedded

# What a test loses in a power cut, nobody misses.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@asynccontextmanager
async def running_postgres() -> AsyncIterator[str]:
    """An embedded PostgreSQL in a temporary folder, as the DSN of its database `vedette`.

    Not below pytest's tmp_path: as root that is closed to the user who runs PostgreSQL.
    """
    directory = Path(tempfile.mkdtemp(prefix="vedette-postgres-"))
    try:
        async with embedded.running_postgres(directory, settings=SETTINGS) as dsn:
            yield dsn
    finally:
        await asyncio.to_thread(shutil.rmtree, directory)


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
