"""A private Redis (or Valkey)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from vedette.testing.exchange import answer_to
from vedette.testing.needs import require
from vedette.testing.ports import free_port
from vedette.testing.server import Server


class Redis(Server):
    """A Redis that keeps nothing: it comes back empty, as a cache may."""

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def answers(self) -> bool:
        """Whether it takes commands, if only from who has logged in."""
        return await answer_to(self.port, b"PING\r\n", 5) in {b"+PONG", b"-NOAU"}

    async def flush(self) -> None:
        """Have it forget everything."""
        assert await answer_to(self.port, b"FLUSHALL\r\n", 3) == b"+OK"


@asynccontextmanager
async def running_redis(directory: Path, *options: str) -> AsyncIterator[Redis]:
    """A Redis whose log lies in `directory`."""
    redis = _redis(directory, options)
    try:
        await redis.start()
        yield redis
    finally:
        await redis.kill()


def _redis(directory: Path, options: Sequence[str]) -> Redis:
    program = require("redis-server")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory)]
    memory_only = ["--save", "", "--appendonly", "no", "--daemonize", "no"]
    argv: list[str | Path] = [program, *place, *memory_only, *options]
    return Redis(argv, port=port, log=directory / "redis.log")
