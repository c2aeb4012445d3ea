"""Vedette's processes, each started again when it ends, as a supervisor does."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from vedette.testing.process import Child
from vedette.testing.waiting import eventually

_PAUSE_S = 1.0
_LOOK_S = 0.1


class Supervised:
    """One process, in as many lives as it takes; `running` is what it says when it runs."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path,
        around: Sequence[str] = (),
        running: str = '"event": "running"',
    ) -> None:
        self.name = name
        self.environment = dict(environment)
        self.extra: dict[str, str] = {}
        """Of the environment of its next life."""
        self.lives = 0
        self._log = log
        self._words = words
        self._around = around
        self._running = running
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._began = 0

    async def start(self) -> None:
        """Start it and keep it running from now on."""
        await self._live()
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper of {self.name}")

    async def ready(self, within: float = 90) -> None:
        """Wait until it says that it runs, in the life that it has then."""
        await eventually(self._runs, within=within, every=0.1, what=f"{self.name} runs")

    def kill(self) -> None:
        """End this life without warning."""
        self._living().kill()

    def terminate(self) -> None:
        """Ask it to end; the supervisor starts it again."""
        self._living().terminate()

    async def begin_anew(self) -> None:
        """Restart it in good order, and wait until its next life runs."""
        self.terminate()
        await self.next_life()

    async def next_life(self) -> None:
        """Wait until the supervisor has started it again, and it runs."""
        lives = self.lives
        await eventually(lambda: self.lives > lives, within=60, what=f"another {self.name}")
        await self.ready()

    def freeze(self) -> None:
        """Stop it in its tracks."""
        self._living().freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self._living().thaw()

    @property
    def pid(self) -> int:
        """The id of the process that runs."""
        return self._living().pid

    async def close_well(self) -> None:
        """End it for good, in good order."""
        await self._start_no_more()
        if self._child is not None:
            self._child.thaw()
            self._child.terminate()
            with suppress(AssertionError):
                await self._child.wait()
        await self.close()

    async def close(self) -> None:
        """End it for good."""
        await self._start_no_more()
        if self._child is not None:
            self._child.thaw()
            await self._child.close()

    async def _start_no_more(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def _living(self) -> Child:
        assert self._child is not None, f"{self.name} was never started"
        return self._child

    def _runs(self) -> bool:
        if self._log.stat().st_size <= self._began:
            return False
        with self._log.open("rb") as log:
            log.seek(self._began)
            return self._running.encode() in log.read()

    async def _live(self) -> None:
        self.lives += 1
        self._began = self._log.stat().st_size if self._log.exists() else 0
        argv = [*self._around, sys.executable, "-m", "vedette.cli.main", *self._words]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self.environment, **self.extra}
        self._child = await Child.start(argv, log=self._log, env=environment)

    async def _keep(self) -> None:
        while True:
            if self._living().returncode is not None:
                await asyncio.sleep(_PAUSE_S)
                await self._live()
            await asyncio.sleep(_LOOK_S)
