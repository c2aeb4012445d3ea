"""A PostgreSQL that can be stopped, killed, frozen and filled up, and comes back where it was."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

from tests.faults.cluster import Cluster

from vedette.store.embedded import DATABASE, EmbeddedPostgres
from vedette.store.embedded.account import account_for
from vedette.store.embedded.cluster import USER
from vedette.testing.caretaker import Gone, caretaker
from vedette.testing.ports import free_port

# What was committed must outlive a kill -9 of the server, but no power cut.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
}
_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 trust\n"
_DISK_MB = 900
_BALLAST = "ballast"


class Database(Cluster):
    """As root, its directory is a disk of its own."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "data")
        self._directory = directory
        self._port = free_port()
        self._mounted = False
        self._gone: list[Gone] = []
        self._server: EmbeddedPostgres

    @property
    def dsn(self) -> str:
        """Always the same, whatever happens to the server."""
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{DATABASE}"

    async def open(self) -> None:
        """Make the disk and start the server for the first time."""
        self._directory.mkdir(parents=True)
        if os.geteuid() == 0:
            size = f"size={_DISK_MB}m,mode=755"
            _run("mount", "-t", "tmpfs", "-o", size, "vedette-faults", str(self._directory))
            self._mounted = True
            self._gone.append(caretaker().command("umount", str(self._directory)))
        self._gone.append(caretaker().folder(self._directory))
        access = self._directory / "access"
        access.write_text(_ACCESS)
        account = await account_for(self._directory / "data")
        if account is not None:
            os.chown(access, account.uid, account.gid)
        settings = {**_SETTINGS, "port": str(self._port), "hba_file": str(access)}
        self._server = EmbeddedPostgres(self._directory, settings=settings)
        await self.start()

    async def start(self) -> None:
        """Start the server, or start it again."""
        await self._server.start()

    async def ensure(self) -> None:
        """Start it if it runs no more."""
        if not self.processes():
            await self.start()

    async def stop(self) -> None:
        """Stop it in good order; transactions under way are broken off."""
        await self._server.stop()

    def fill(self) -> None:
        """Leave no room on its disk. Needs the disk of its own."""
        ballast = self._directory / _BALLAST
        with ballast.open("wb") as file:
            block = bytes(1 << 20)
            try:
                while True:
                    file.write(block)
                    file.flush()
            except OSError:
                return

    def clear(self) -> None:
        """Give the room back."""
        (self._directory / _BALLAST).unlink(missing_ok=True)

    async def close(self) -> None:
        """Stop it and take the disk away."""
        self.clear()
        self.thaw()
        await self._server.stop()
        if self._mounted:
            _run("umount", str(self._directory))
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)
        for gone in self._gone:
            gone()


def _run(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
