"""A data directory: made whole or not at all."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from vedette.store.embedded.account import Account
from vedette.store.embedded.binaries import Binaries
from vedette.store.embedded.command import run
from vedette.store.embedded.errors import EmbeddedPostgresError

USER = "vedette"
_UNFINISHED = "new-"
INITDB_WITHIN_S = 120.0

# The builtin provider sorts and folds the same on every machine, whatever its C library's
# locales; nobody gets in over TCP, even if somebody overrides listen_addresses.
INITDB_OPTIONS = (
    f"--username={USER}",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
)


async def ensure_cluster(
    data: Path, binaries: Binaries, account: Account | None, *, sync: bool = True
) -> None:
    """Create the cluster at `data` if there is none, and refuse one of another major version.

    Raises EmbeddedPostgresError.
    """
    major = await binaries.major()
    found = _version_of(data)
    if found is None:
        await _create(data, binaries, account, sync=sync)
    elif found != major:
        raise EmbeddedPostgresError(
            f"{data} was written by PostgreSQL {found}, but the embedded one is {major}:"
            " dump it with the old version and restore it into a new data directory"
        )


def _version_of(data: Path) -> str | None:
    """The major version that wrote the cluster; None when there is no cluster."""
    if not data.exists():
        return None
    try:
        return (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise EmbeddedPostgresError(f"{data} is not a PostgreSQL data directory") from None


async def _create(data: Path, binaries: Binaries, account: Account | None, *, sync: bool) -> None:
    """initdb in a folder of its own, then rename.

    The folder's name is unique, because the initdb of a killed predecessor may still be writing.
    """
    fresh = await asyncio.to_thread(_fresh_folder, data.parent, account)
    argv: list[str | Path] = [binaries.initdb, "-D", fresh, *INITDB_OPTIONS]
    if not sync:
        argv.append("--no-sync")
    done = await run(argv, account=account, within=INITDB_WITHIN_S)
    if done.code:
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        raise EmbeddedPostgresError(f"initdb failed:\n{done.output}")
    fresh.rename(data)
    await asyncio.to_thread(_sync_folder, data.parent)


def _fresh_folder(parent: Path, account: Account | None) -> Path:
    for leftover in parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=parent))
    if account:
        os.chown(fresh, account.uid, account.gid)
    return fresh


def _sync_folder(folder: Path) -> None:
    """initdb synced its files, but the new name is ours to keep over a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
