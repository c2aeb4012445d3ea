"""What a killed test run leaves behind is cleared away, by a process that outlives it.

That is told of each program and folder over a pipe, which ends with us however we end.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

_ORDERLY_S = 5.0

Gone = Callable[[], None]
"""To be called when there is nothing left to clear away."""


class Caretaker:
    """Ours. What is left when we are gone is cleared away the newest first."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        # In a session of its own: Ctrl-C is for us.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )

    def program(self, pid: int) -> Gone:
        """The leader of a process group, with that and all its descendants."""
        return self._leave(Program, pid)

    def folder(self, path: Path) -> Gone:
        """A folder, with any PostgreSQL whose data lie below it."""
        return self._leave(Folder, str(path))

    def command(self, *argv: str) -> Gone:
        """What this command undoes."""
        return self._leave(Command, argv)

    def close(self) -> None:
        """Have it clear away what is left, and wait for it."""
        self._process.communicate()

    def _leave(self, kind: type[Leftover], what: object) -> Gone:
        number = next(self._numbers)
        self._tell([number, kind.__name__, what])
        return lambda: self._tell([number])

    def _tell(self, said: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(said).encode() + b"\n")


@cache
def caretaker() -> Caretaker:
    """The one of this process."""
    ours = Caretaker()
    atexit.register(ours.close)
    return ours


class Leftover(ABC):
    """Something that should be there no longer than who made it."""

    @abstractmethod
    def clear(self) -> None:
        """Clear it away."""


class Program(Leftover):
    """A process group, known by its leader."""

    def __init__(self, pid: int) -> None:
        self._leader = _process(pid)

    def clear(self) -> None:
        """End it without warning."""
        if self._leader is not None and self._leader.is_running():
            _kill(_family(self._leader))
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader.pid, signal.SIGKILL)


class Folder(Leftover):
    """A folder that may be the home of servers that started themselves apart."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def clear(self) -> None:
        """End the servers and remove it."""
        for file in self._path.rglob("postmaster.pid"):
            server = _serving(file)
            if server is not None:
                _end_postgres(server)
        shutil.rmtree(self._path, ignore_errors=True)


class Command(Leftover):
    """Something that a command undoes."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv

    def clear(self) -> None:
        """Run it."""
        subprocess.run(self._argv, check=False)


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


def _serving(file: Path) -> psutil.Process | None:
    """The PostgreSQL that a file names, if it is that, and not another that got its number."""
    with suppress(OSError, ValueError, psutil.Error):
        server = psutil.Process(int(file.read_text().split("\n", 1)[0]))
        if str(file.parent.resolve()) in server.cmdline():
            return server
    return None


def _end_postgres(server: psutil.Process) -> None:
    """At once, but so that it gives back its shared memory; stopped ones go on for that."""
    family = _family(server)
    for process in family:
        with suppress(psutil.Error):
            process.resume()
    with suppress(psutil.Error):
        server.send_signal(signal.SIGQUIT)
    until = time.monotonic() + _ORDERLY_S
    while any(map(_lives, family)) and time.monotonic() < until:
        time.sleep(0.05)
    _kill(family)


def _family(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def main() -> None:
    """Listen until whoever started us is gone, then clear away what is left."""
    kinds: dict[str, Callable[..., Leftover]] = {
        kind.__name__: kind for kind in (Program, Folder, Command)
    }
    left: dict[int, Leftover] = {}
    for line in sys.stdin:
        match json.loads(line):
            case [number, kind, what]:
                left[number] = kinds[kind](what)
            case [number]:
                del left[number]
    for leftover in reversed(left.values()):
        leftover.clear()


if __name__ == "__main__":
    main()
