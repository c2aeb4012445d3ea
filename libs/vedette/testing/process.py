"""A program run by a test."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from vedette.testing.caretaker import caretaker
from vedette.testing.waiting import eventually


class Child:
    """A process with a process group of its own, so that no signal misses its descendants.

    It belongs to no event loop: one test's fixture may start it, another test kill it. It ends
    with us, however we end.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._gone = caretaker().program(process.pid)
        self.log = log

    @classmethod
    async def start(
        cls,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Child:
        """Start a program whose output is appended to `log`."""
        return cls(_spawn(argv, log, env, cwd), log)

    @property
    def pid(self) -> int:
        """The process id, also of the process group."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended (minus the signal's number if by one); None while it runs."""
        if self._process.returncode is None and self._process.poll() is not None:
            # Right now, while the system cannot have given the number to anybody else.
            self._signal_group(signal.SIGKILL)
            self._gone()
        return self._process.returncode

    def terminate(self) -> None:
        """Ask the process (not its descendants) to end, as a supervisor does."""
        if self.returncode is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and its descendants without warning."""
        self._signal_running(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the process and its descendants in their tracks."""
        self._signal_running(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal_running(signal.SIGCONT)

    async def wait(self, timeout: float = 30) -> int:
        """How the process ended; an AssertionError if it has not within `timeout` seconds."""
        what = f"the end of process {self.pid}"
        await eventually(lambda: self.returncode is not None, within=timeout, every=0.02, what=what)
        return self._process.returncode

    def log_text(self) -> str:
        """Everything in its log so far."""
        return self.log.read_text(errors="replace")

    async def close(self) -> None:
        """Make sure that it is gone."""
        self.kill()
        await self.wait()

    async def __aenter__(self) -> Child:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _signal_running(self, number: signal.Signals) -> None:
        if self.returncode is None:
            self._signal_group(number)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS: not permitted once all are zombies
            return


def _spawn(
    argv: Sequence[str | Path], log: Path, env: Mapping[str, str] | None, cwd: Path | None
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_heed_interrupts,  # noqa: PLW1509  (no lock is taken in it)
        )


def _heed_interrupts() -> None:
    """Undo what a shell does that starts us in the background: have SIGINT ignored by all of us."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
