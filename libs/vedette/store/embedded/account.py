"""The system user that runs PostgreSQL when we are root, which PostgreSQL refuses to be."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from vedette.store.embedded.errors import EmbeddedPostgresError

NAME = "vedette"
CREATE_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group, by number."""

    uid: int
    gid: int


async def account_for(data: Path) -> Account | None:
    """Who is to run the server of `data`: None when it is ourselves."""
    if os.geteuid() != 0:
        return None
    return _owner(data) or await asyncio.to_thread(_system_user)


def _owner(data: Path) -> Account | None:
    """An existing cluster stays with its owner: it may have been made before we ran as root."""
    try:
        status = data.stat()
    except FileNotFoundError:
        return None
    return Account(status.st_uid, status.st_gid) if status.st_uid else None


def _system_user() -> Account:
    """The user `vedette`, created when missing; two of us may be creating it at once."""
    give_up = time.monotonic() + CREATE_WITHIN_S
    while (found := _known()) is None:
        problem = _create()
        if problem and _known() is None and time.monotonic() > give_up:
            raise EmbeddedPostgresError(
                "PostgreSQL does not run as root, and the system user"
                f" {NAME!r} cannot be created ({problem}):"
                " create it, or run Vedette as an ordinary user"
            )
        if problem:
            time.sleep(0.1)  # another process holds the lock of /etc/passwd
    return found


def _known() -> Account | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> str:
    """Try to create the user; returns what went wrong, or nothing."""
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd is None:
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and there is no useradd to create the system user"
            f" {NAME!r} with: create it, or run Vedette as an ordinary user"
        )
    shell = "/usr/sbin/nologin"
    argv = [useradd, "--system", "--no-create-home", "--user-group", "--shell", shell, NAME]
    done = subprocess.run(  # noqa: S603 - a constant argument list, no shell
        argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )
    if done.returncode == 0:
        return ""
    return done.stderr.strip() or f"useradd ended with {done.returncode}"
