"""What the private servers have in common: one program, one port, many lives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from vedette.testing.process import Child
from vedette.testing.waiting import eventually


class Server(ABC):
    """A program that can be started, stopped, killed, and started again where it was."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        start_within: float = 20,
    ) -> None:
        self.name = Path(argv[0]).name
        self.port = port
        self.log = log
        self._argv = argv
        self._env = env
        self._start_within = start_within
        self._child: Child | None = None

    @abstractmethod
    async def answers(self) -> bool:
        """Whether it is ready; an OSError means "not yet"."""

    @property
    def pid(self) -> int:
        """The process id of the running program."""
        if self._child is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._child.pid

    async def start(self) -> None:
        """Start it and wait until it answers."""
        if self._child is not None:
            return
        self._child = await Child.start(self._argv, log=self.log, env=self._env)
        try:
            what = f"{self.name} answers"
            await eventually(self._ready, within=self._start_within, every=0.02, what=what)
        except BaseException:
            await self.kill()
            raise

    async def stop(self, *, within: float = 30) -> None:
        """Stop it in good order."""
        if self._child is not None:
            self._child.terminate()
            try:
                await self._child.wait(within)
            finally:
                await self.kill()

    async def kill(self) -> None:
        """End it without warning."""
        if self._child is not None:
            await self._child.close()
            self._child = None

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open, nothing answers."""
        if self._child is not None:
            self._child.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self._child is not None:
            self._child.thaw()

    async def _ready(self) -> bool:
        assert self._child is not None
        if self._child.returncode is not None:
            tail = "\n".join(self._child.log_text().splitlines()[-20:])
            raise RuntimeError(f"{self.name} ended with {self._child.returncode}:\n{tail}")
        with suppress(OSError, EOFError):
            return await self.answers()
        return False
