"""Temporary folders for programs that may not look into pytest's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vedette.testing.caretaker import Folder, caretaker


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A folder that goes after the block, or when we are killed, with any PostgreSQL below it.

    Others may pass through it, as the user must who runs PostgreSQL for root.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"vedette-{purpose}-"))
    folder.chmod(0o711)
    gone = caretaker().folder(folder)
    try:
        yield folder
    finally:
        Folder(str(folder)).clear()
        gone()
