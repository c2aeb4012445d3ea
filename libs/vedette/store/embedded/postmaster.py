"""The server process of a data directory: found, started, stopped."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from vedette.store.embedded.account import Account
from vedette.store.embedded.binaries import Binaries
from vedette.store.embedded.command import run
from vedette.store.embedded.errors import EmbeddedPostgresError
from vedette.store.embedded.layout import Layout

# Recovery after a crash replays at most max_wal_size, which a slow disk does in a minute or two.
START_WITHIN_S = 300
FAST_STOP_WITHIN_S = 60
PREDECESSOR_WITHIN_S = 10
IMMEDIATE_STOP_WITHIN_S = 20
ORPHANS_WITHIN_S = 10.0
_ORPHANS = "pre-existing shared memory block"


class Postmaster:
    """The one server that may run on a data directory."""

    def __init__(self, layout: Layout, binaries: Binaries, account: Account | None) -> None:
        self.layout = layout
        self.binaries = binaries
        self.account = account

    async def start(self, settings: Mapping[str, str]) -> None:
        """Start the server and wait until it accepts connections. Raises EmbeddedPostgresError."""
        give_up = time.monotonic() + ORPHANS_WITHIN_S
        while (problem := await self._start_once(settings)) is not None:
            # The backends of a killed postmaster notice its death within a moment.
            if _ORPHANS not in problem or time.monotonic() > give_up:
                raise EmbeddedPostgresError(f"PostgreSQL did not start:\n{problem}")
            await asyncio.sleep(0.2)

    async def _start_once(self, settings: Mapping[str, str]) -> str | None:
        """Start the server; the end of its log when that fails."""
        before = self.layout.log_size()
        options = shlex.join(
            word for name, value in settings.items() for word in ("-c", f"{name}={value}")
        )
        done = await run(
            self._pg_ctl("start", "-t", START_WITHIN_S, "-l", self.layout.log, "-o", options),
            account=self.account,
            within=START_WITHIN_S + 10,
        )
        if done.code == 0:
            return None
        return self.layout.log_tail(since=before) or done.output

    async def stop(self, *, fast_within: int = FAST_STOP_WITHIN_S) -> None:
        """Stop the server in good order, or without order if that takes too long.

        Raises EmbeddedPostgresError if it goes on.
        """
        if await self.pid() is None:
            return
        for mode, within in (("fast", fast_within), ("immediate", IMMEDIATE_STOP_WITHIN_S)):
            argv = self._pg_ctl("stop", "-m", mode, "-t", within)
            done = await run(argv, account=self.account, within=within + 10)
            if done.code == 0 or await self.pid() is None:
                return
        raise EmbeddedPostgresError(
            f"PostgreSQL on {self.layout.data} does not stop: {done.output}"
        )

    async def replace_predecessor(self) -> None:
        """End what a killed predecessor left: its server, or the file that names it."""
        if await self.pid() is not None:
            await self.stop(fast_within=PREDECESSOR_WITHIN_S)
        # Left alone, PostgreSQL would take any process that now has this id for its predecessor.
        self._pid_file.unlink(missing_ok=True)

    async def pid(self) -> int | None:
        """The process id of the server that runs on our data directory, if one does."""
        try:
            named = int(self._pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return named if await _serves(named, self.layout.data) else None

    @property
    def _pid_file(self) -> Path:
        return self.layout.data / "postmaster.pid"

    def _pg_ctl(self, action: str, *options: object) -> list[str]:
        data = str(self.layout.data)
        return [str(self.binaries.pg_ctl), action, "-D", data, "-w", "-s", *map(str, options)]


async def _serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a server of `data`, and not a stranger that got its number.

    By its arguments: another user's working directory is not ours to read in a container.
    """
    if os.path.exists("/proc/self/cmdline"):  # noqa: ASYNC240, PTH110 - no disk behind /proc
        words = _arguments(pid)
        return str(data) in words and Path(words[0]).name == "postgres"
    done = await run(["/bin/ps", "-o", "command=", "-p", str(pid)], account=None)
    return str(data) in done.output


def _arguments(pid: int) -> list[str]:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
