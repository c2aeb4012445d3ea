"""The processes of a PostgreSQL, which can be killed and frozen."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import psutil


class Cluster:
    """The server on a data directory, whoever started it."""

    def __init__(self, data: Path) -> None:
        self._data = data

    async def kill(self) -> None:
        """kill -9 of the server and all of its backends."""
        processes = self.processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        await asyncio.to_thread(psutil.wait_procs, processes, 30)

    def freeze(self) -> None:
        """Connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def processes(self) -> list[psutil.Process]:
        """The server and its backends."""
        try:
            named = (self._data / "postmaster.pid").read_text().split("\n", 1)[0]
            server = psutil.Process(int(named))
            return [server, *server.children(recursive=True)]
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return []

    def _signal(self, number: signal.Signals) -> None:
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
