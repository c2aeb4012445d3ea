"""A clock of its own for one process, by libfaketime, that can be put forward and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.supervisor import Supervised

from vedette.testing.needs import NotInstalledError, require

_LIBRARIES = "usr/lib*/**/faketime/libfaketime.so.1"
_READ_AGAIN_S = "1"


@dataclass(frozen=True)
class Clock:
    """How far it goes wrong stands in a file."""

    file: Path

    def step(self, seconds: int) -> None:
        """Be wrong by so much; seen within a second."""
        self.file.write_text(f"{seconds:+d}s\n")


def obstacle() -> str | None:
    """Why there can't be one here."""
    try:
        _library()
    except NotInstalledError as error:
        return f"needs libfaketime: {error}"
    return None


@asynccontextmanager
async def of_its_own(process: Supervised, directory: Path) -> AsyncIterator[Clock]:
    """The process, begun anew with a clock that is right for now, and anew at the end."""
    directory.mkdir(exist_ok=True)
    clock = Clock(directory / process.name)
    clock.step(0)
    process.extra = {
        "LD_PRELOAD": str(_library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock.file),
        "FAKETIME_CACHE_DURATION": _READ_AGAIN_S,
        # What is measured, not told, stays as it is: so does the system's, when it is put right.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    try:
        await process.begin_anew()
        yield clock
    finally:
        process.extra = {}
        clock.step(0)
        await process.begin_anew()


def _library() -> Path:
    require("faketime")
    found = next(iter(Path("/").glob(_LIBRARIES)), None)
    if found is None:
        raise NotInstalledError("libfaketime.so.1 is not where Debian's package faketime has it")
    return found
