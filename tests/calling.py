"""Calling `vedette` as a person does."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    stdout: str
    stderr: str


async def call(words: Sequence[str], environment: Mapping[str, str], *, stdin: str = "") -> Ended:
    """Run `vedette` with these words to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vedette.cli.main",
        *words,
        env={**os.environ, "COLUMNS": "200", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
