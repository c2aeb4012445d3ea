"""Whether another user can get to a path, asked of the kernel as that user."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vedette.store.embedded.account import Account
from vedette.store.embedded.command import run

_FIRST_CLOSED = 'for d do [ -x "$d" ] || { printf %s "$d"; exit 1; }; done'
_ALL_READABLE = 'for f do [ -r "$f" ] || exit 1; done'


async def first_closed(directory: Path, account: Account) -> Path | None:
    """The outermost folder on the way into `directory` that `account` cannot enter."""
    way = [*reversed(directory.parents), directory]
    done = await run(["/bin/sh", "-c", _FIRST_CLOSED, "sh", *way], account=account)
    return Path(done.output) if done.code else None


async def readable(files: Iterable[Path], account: Account) -> bool:
    """Whether `account` can read every one of `files`."""
    done = await run(["/bin/sh", "-c", _ALL_READABLE, "sh", *files], account=account)
    return done.code == 0
