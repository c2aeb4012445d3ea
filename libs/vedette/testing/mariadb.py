"""A private MariaDB."""

from __future__ import annotations

import asyncio
import getpass
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.testing.exchange import answer_to
from vedette.testing.needs import require
from vedette.testing.ports import free_port
from vedette.testing.server import Server

# What a test loses in a power cut, nobody misses.
_SMALL = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--skip-name-resolve",
)


class Mariadb(Server):
    """A MariaDB with what the SQL of its start has made."""

    async def answers(self) -> bool:
        """Whether it greets those who connect."""
        header = await answer_to(self.port, b"", 4)
        return header[3:] == b"\0"


@asynccontextmanager
async def running_mariadb(directory: Path, *, pem: str, sql: str) -> AsyncIterator[Mariadb]:
    """A MariaDB whose data lies in `directory`, with TLS by a key and certificate as PEM.

    It runs the SQL when it starts, one statement a line.
    """
    mariadb = await asyncio.to_thread(_mariadb, directory, pem, sql)
    try:
        await mariadb.start()
        yield mariadb
    finally:
        await mariadb.kill()


def _mariadb(directory: Path, pem: str, sql: str) -> Mariadb:
    program = require("mariadbd")
    directory.mkdir(parents=True, exist_ok=True)
    directory = directory.resolve()
    own, first = directory / "own.pem", directory / "first.sql"
    own.write_text(pem)
    first.write_text(sql)
    data, user = f"--datadir={directory / 'data'}", f"--user={getpass.getuser()}"
    _install(require("mariadb-install-db"), data, user)
    port = free_port()
    place = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={directory / 'socket'}"]
    tls = [f"--ssl-cert={own}", f"--ssl-key={own}"]
    # No configuration of the machine's is read; that option has to be the first.
    argv: list[str | Path] = [
        program,
        "--no-defaults",
        data,
        user,
        *place,
        *tls,
        f"--init-file={first}",
        *_SMALL,
    ]
    return Mariadb(argv, port=port, log=directory / "mariadb.log")


def _install(program: Path, data: str, user: str) -> None:
    options = [data, user, "--auth-root-authentication-method=normal", "--skip-test-db"]
    done = subprocess.run(
        [str(program), "--no-defaults", *options],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout}")
