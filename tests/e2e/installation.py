"""A whole Vedette as a user runs it: `vedette up`, or every service apart, two of each."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from vedette.testing.ports import free_port
from vedette.testing.process import Child
from vedette.testing.scratch import scratch
from vedette.testing.waiting import eventually

KEY = "the-key-of-the-tests"
SERVICES = ("processor", "incidents", "notifier", "prober", "scheduler", "gateway")
REPLICAS = 2


@dataclass
class Installation:
    """Its processes by service; embedded, one process is every service."""

    mode: str
    url: str
    environment: dict[str, str]
    directory: Path
    replicas: int = REPLICAS
    """So many processes of each service, if they are apart."""
    children: dict[str, list[Child]] = field(default_factory=dict)
    began: dict[Child, int] = field(default_factory=dict)
    """Where in its log each process's own words begin: a service's log goes on over restarts."""

    @property
    def services(self) -> Sequence[str]:
        """What can be killed by itself."""
        return ["up"] if self.mode == "embedded" else SERVICES

    async def start(self, service: str) -> None:
        """Start all processes of a service that is not running."""
        count = 1 if self.mode == "embedded" else self.replicas
        self.children[service] = [await self._start(service, number) for number in range(count)]

    async def kill(self, service: str) -> None:
        """kill -9 all processes of a service."""
        for child in self.children[service]:
            child.kill()
        await asyncio.gather(*(child.wait() for child in self.children[service]))

    async def terminate(self, service: str) -> list[int]:
        """SIGTERM all processes of a service; how they ended."""
        for child in self.children[service]:
            child.terminate()
        return await asyncio.gather(*(child.wait() for child in self.children[service]))

    async def ready(self) -> None:
        """Wait until every process says that it runs, and the API answers."""
        async with aiohttp.ClientSession() as http:

            async def answers() -> bool:
                for child in itertools.chain(*self.children.values()):
                    assert child.returncode is None, child.log_text()
                    # Stopped before it knows how to stop well, a process just ends.
                    words = child.log_text()[self.began[child] :]
                    if not any(sign in words for sign in ('"event": "running"', "is up,")):
                        return False
                try:
                    async with http.get(f"{self.url}/health/ready") as response:
                        return response.status == 200
                except aiohttp.ClientError:
                    return False

            await eventually(answers, within=60, what=f"{self.url} is ready")

    def logs(self) -> str:
        """What all processes said."""
        return "\n".join(
            f"== {child.log.name}\n{child.log_text()}"
            for children in self.children.values()
            for child in children
        )

    async def _start(self, service: str, number: int) -> Child:
        environment = self.environment | {"PYTHONUNBUFFERED": "1"}
        if service == "gateway" and number > 0:
            environment["VEDETTE_HTTP"] = f"127.0.0.1:{free_port()}"
        words = ["up"] if service == "up" else ["run", service]
        log = self.directory / f"{service}-{number}.log"
        began = len(log.read_text()) if log.exists() else 0
        child = await Child.start(
            [sys.executable, "-m", "vedette.cli.main", *words],
            log=log,
            env=os.environ | environment,
        )
        self.began[child] = began
        return child


@asynccontextmanager
async def running_installation(
    mode: str, settings: dict[str, str], *, replicas: int = REPLICAS
) -> AsyncIterator[Installation]:
    """Everything started; all of it gone at the end."""
    with scratch("e2e") as directory:
        address = f"127.0.0.1:{free_port()}"
        environment = {
            "VEDETTE_HTTP": address,
            "VEDETTE_DATA_DIR": str(directory / "data"),
            "VEDETTE_API_KEY": KEY,
            "VEDETTE_SECRET_KEY": "a secret of the tests, and long enough",
            "VEDETTE_RATE_LIMIT": "0",
            **settings,
        }
        installation = Installation(mode, f"http://{address}", environment, directory, replicas)
        try:
            for service in installation.services:
                await installation.start(service)
            await installation.ready()
            yield installation
        finally:
            if mode == "embedded" and "up" in installation.children:
                await installation.terminate("up")  # by itself it stops its PostgreSQL
            for children in installation.children.values():
                for child in children:
                    await child.close()
