"""The process that plays the targets, as the harness has it in hand."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from tests.faults.truth import Pace, Script, script

from vedette.testing.ports import free_port


@dataclass
class Stage:
    """Where the targets are, and what is played there."""

    host: str
    port: int
    process: asyncio.subprocess.Process

    @property
    def address(self) -> str:
        """Where connections are taken."""
        return f"{self.host}:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """What probers must be told of them."""
        return {
            "VEDETTE_PROBER_FORBIDDEN": "none",
            "VEDETTE_PROBER_PER_HOST": "2000",  # all targets are on one
            "VEDETTE_PROBER_CANARIES": self.address,
            "VEDETTE_PROBER_CANARY_INTERVAL_S": "5",
        }

    def url(self, target: int) -> str:
        """One of the targets."""
        return f"http://{self.address}/{target}"

    async def play(self, seed: int, *, targets: int, begin: int, until: int, pace: Pace) -> Script:
        """Begin a script; until then every target is up."""
        asked = {"seed": seed, "targets": targets, "begin": begin, "until": until}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked | {"pace": asdict(pace)}).encode() + b"\n")
        await self.process.stdin.drain()
        return script(seed, targets=targets, begin=begin, until=until, pace=pace)


@asynccontextmanager
async def running_stage(host: str) -> AsyncIterator[Stage]:
    """Targets that are all up, on a free port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.faults.targets", host, str(port)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not await process.stdout.readline():
            raise RuntimeError("the targets did not start")
        yield Stage(host, port, process)
    finally:
        process.stdin.close()
        await process.wait()
