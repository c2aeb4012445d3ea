"""Running one of PostgreSQL's programs to its end."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vedette.store.embedded.account import Account
from vedette.store.embedded.errors import EmbeddedPostgresError

T = TypeVar("T")

# Ours alone: a PGPORT or PGDATA of the caller's shell would move the server, and without TZ
# initdb compares the machine's clock with every time zone there is.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program answered."""

    code: int
    output: str


async def run(
    argv: Sequence[str | Path], *, account: Account | None, within: float = 60
) -> Finished:
    """Run a program as `account` (None: as ourselves), out of reach of the terminal's Ctrl-C.

    In a thread, because uvloop's subprocesses cannot change the user.
    """
    return await asyncio.to_thread(_run, [str(word) for word in argv], account, within)


def _run(argv: list[str], account: Account | None, within: float) -> Finished:
    program = Path(argv[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - our own argument lists, no shell
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=within,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except subprocess.TimeoutExpired:
        raise EmbeddedPostgresError(f"{program} did not finish within {within:.0f} s") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresError(f"cannot run {argv[0]}: {error}") from error
    return Finished(done.returncode, done.stdout.strip())


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end even when cancelled, and pass the cancellation on afterwards.

    A half-started or half-stopped server belongs to nobody; every step has its own deadline.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()  # the cancellation wins; asyncio would report this as forgotten
        raise
