"""What Vedette stands between in either form: targets, receivers, and a way in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from tests.e2e.actor import Api
from tests.faults.channels import Receivers
from tests.faults.stage import Stage

from vedette.testing.waiting import eventually


@dataclass
class Place(ABC):
    """A whole Vedette, its targets, and who is told."""

    directory: Path
    receivers: Receivers
    stage: Stage

    @property
    @abstractmethod
    def dsn(self) -> str:
        """Where it stores what it finds."""

    @property
    @abstractmethod
    def regions(self) -> Sequence[str]:
        """From where it looks."""

    @property
    @abstractmethod
    def api_url(self) -> str:
        """Where it is asked."""

    @property
    def logs(self) -> Path:
        """Where all processes and servers write what they have to say."""
        return self.directory / "logs"

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Api]:
        """The REST API."""
        async with aiohttp.ClientSession() as http:
            yield Api(http, self.api_url)


async def answers(urls: Sequence[str], within: float) -> None:
    """Wait until the API answers at each of these."""
    async with aiohttp.ClientSession() as http:
        for url in urls:

            async def ready(url: str = url) -> bool:
                with suppress(aiohttp.ClientError):
                    async with http.get(f"{url}/health/ready") as response:
                        return response.status == 200
                return False

            await eventually(ready, within=within, every=0.2, what=f"{url} is ready")
