"""The data directory of `vedette up`: one process at a time, and the keys it keeps."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from vedette.core.errors import Permanent


@dataclass(frozen=True, slots=True)
class Key:
    """A key of this installation; `file` is where we keep it, if it is not the environment's."""

    value: SecretStr
    file: Path | None
    new: bool


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Make the directory if need be, and keep other processes of ours out of it.

    Raises Permanent, saying what to do, if it can't be had.
    """
    try:
        # Others may pass through, as PostgreSQL's own user must, but not look around.
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Permanent(
            f"the data directory {directory} can't be used: {error.strerror};"
            " set VEDETTE_DATA_DIR to one that can"
        ) from error
    try:
        _lock(lock, directory)
        yield
    finally:
        os.close(lock)


def key(directory: Path, name: str, given: SecretStr | None) -> Key:
    """The key from the environment, or the one kept in the directory, made at the first start."""
    if given is not None:
        return Key(given, None, new=False)
    file = directory / name
    with suppress(FileNotFoundError):
        return Key(SecretStr(file.read_text().strip()), file, new=False)
    value = secrets.token_urlsafe(24)
    _write_private(file, value)
    return Key(SecretStr(value), file, new=True)


def _lock(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 20, 0).decode().strip() or "unknown"
        raise Permanent(
            f"vedette up already runs on {directory} (process {owner});"
            " stop it, or set VEDETTE_DATA_DIR to another directory"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def _write_private(file: Path, text: str) -> None:
    """Whole or not at all: a kill in between must not leave an empty key."""
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
