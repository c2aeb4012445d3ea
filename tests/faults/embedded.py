"""A whole Vedette in one command: `vedette up`, with probers in processes of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.e2e.installation import KEY
from tests.faults.channels import running_receivers
from tests.faults.cluster import Cluster
from tests.faults.place import Place, answers
from tests.faults.stage import running_stage
from tests.faults.supervisor import Supervised

from vedette.store.embedded import dsn_of_running
from vedette.testing.caretaker import caretaker
from vedette.testing.ports import free_port
from vedette.testing.waiting import eventually


@dataclass
class Embedded(Place):
    """One process, its probers, and the PostgreSQL that it brings along."""

    number: int
    """So many probers."""
    address: str
    up: Supervised
    cluster: Cluster

    @property
    def dsn(self) -> str:
        """Where its PostgreSQL is, which runs."""
        found = dsn_of_running(self.directory / "data" / "postgresql")
        assert found is not None, "PostgreSQL runs"
        return found

    @property
    def regions(self) -> Sequence[str]:
        """The one that all of its probers are of."""
        return ["default"]

    @property
    def api_url(self) -> str:
        """Where it is asked."""
        return f"http://{self.address}"

    def probers(self) -> list[psutil.Process]:
        """Those that it runs."""
        with suppress(psutil.NoSuchProcess):
            return [child for child in psutil.Process(self.up.pid).children() if _probes(child)]
        return []

    def _complete(self) -> bool:
        return len(self.probers()) == self.number

    async def ready(self, within: float = 120) -> None:
        """Wait until it runs with all of its probers, and the API answers."""
        await self.up.ready(within)
        await eventually(self._complete, within=within, what=f"{self.number} probers")
        await answers([self.api_url], within)


def _probes(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # … or a zombie
        return "vedette.prober" in process.cmdline()
    return False


@asynccontextmanager
async def running_embedded(probers: int) -> AsyncIterator[Embedded]:
    """All of it. The log stays, in `Place.logs`."""
    # Not below pytest's folder: as root, that is closed to the user who runs PostgreSQL.
    directory = Path(tempfile.mkdtemp(prefix="vedette-faults-"))
    directory.chmod(0o711)
    (directory / "logs").mkdir()
    data = directory / "data"
    async with AsyncExitStack() as stack:
        receivers = await stack.enter_async_context(running_receivers())
        stage = await stack.enter_async_context(running_stage("127.0.0.1"))
        address = f"127.0.0.1:{free_port()}"
        environment = {
            "VEDETTE_DATA_DIR": str(data),
            "VEDETTE_HTTP": address,
            "VEDETTE_API_KEY": KEY,
            "VEDETTE_SECRET_KEY": "a secret of the tests, and long enough",
            "VEDETTE_RATE_LIMIT": "0",
            "VEDETTE_UP_PROBERS": str(probers),
            **receivers.settings,
            **stage.settings,
        }
        log = directory / "logs" / "up.log"
        up = Supervised("up", ["up"], environment, log=log, running="is up,")
        cluster = Cluster(data / "postgresql" / "data")
        gone = caretaker().folder(data)
        stack.callback(gone)
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        stack.push_async_callback(up.close_well)
        embedded = Embedded(directory, receivers, stage, probers, address, up, cluster)
        await up.start()
        await embedded.ready()
        yield embedded
