"""A whole Vedette, apart, two processes of each service and of each region's probers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.installation import KEY
from tests.faults import network as networks
from tests.faults.channels import running_receivers
from tests.faults.database import Database
from tests.faults.network import Network
from tests.faults.place import Place, answers
from tests.faults.stage import running_stage
from tests.faults.supervisor import Supervised

from vedette.store.migrate import migrate
from vedette.testing.ports import free_port
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.redis import Redis, running_redis

REGIONS = ("east", "north", "west")
FAR = REGIONS[-1]
"""The region whose probers have a network of their own, if that can be made."""
CENTRAL = ("gateway", "scheduler", "processor", "incidents", "notifier")
SERVICES = (*CENTRAL, "prober")
REPLICAS = 2


@dataclass
class World(Place):
    """Everything there is, and everything that can be broken."""

    database: Database
    broker: Broker
    redis: Redis
    network: Network | None
    processes: dict[str, list[Supervised]] = field(default_factory=dict)
    api_urls: list[str] = field(default_factory=list)
    far_amqp: str = ""

    @property
    def dsn(self) -> str:
        """Where PostgreSQL is."""
        return self.database.dsn

    @property
    def regions(self) -> Sequence[str]:
        """All three."""
        return REGIONS

    @property
    def api_url(self) -> str:
        """The first gateway."""
        return self.api_urls[0]

    def everyone(self) -> list[Supervised]:
        """Every process of Vedette."""
        return [process for of_service in self.processes.values() for process in of_service]

    async def start(self) -> None:
        """Start every process, and wait until all run."""
        for service in CENTRAL:
            for number in range(REPLICAS):
                self._add(service, f"{service}-{number}", self._central(service))
        for region in REGIONS:
            for number in range(REPLICAS):
                name = f"prober-{region}-{number}"
                self._add("prober", name, self._prober(region, name), far=region == FAR)
        await asyncio.gather(*[process.start() for process in self.everyone()])
        await self.ready()

    async def ready(self, within: float = 120) -> None:
        """Wait until every process runs, and the API answers."""
        await asyncio.gather(*[process.ready(within) for process in self.everyone()])
        await answers(self.api_urls, within)

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*[process.close() for process in self.everyone()])

    def _add(
        self, service: str, name: str, environment: dict[str, str], *, far: bool = False
    ) -> None:
        around = self.network.around if far and self.network is not None else ()
        log = self.logs / f"{name}.log"
        self.processes.setdefault(service, []).append(
            Supervised(name, ["run", service], environment, log=log, around=around)
        )

    def _central(self, service: str) -> dict[str, str]:
        environment = {
            "VEDETTE_DATABASE_URL": self.database.dsn,
            "VEDETTE_AMQP_URL": self.broker.url,
            "VEDETTE_REDIS_URL": self.redis.url,
            "VEDETTE_SECRET_KEY": "a secret of the tests, and long enough",
            **self.receivers.settings,
        }
        if service == "gateway":
            address = f"127.0.0.1:{free_port()}"
            self.api_urls.append(f"http://{address}")
            environment |= {
                "VEDETTE_HTTP": address,
                "VEDETTE_API_KEY": KEY,
                "VEDETTE_RATE_LIMIT": "0",
            }
        return environment

    def _prober(self, region: str, name: str) -> dict[str, str]:
        return {
            "VEDETTE_AMQP_URL": self.far_amqp if region == FAR else self.broker.url,
            "VEDETTE_REGION": region,
            "VEDETTE_PROBER_NAME": name,
            **self.stage.settings,
        }


@asynccontextmanager
async def running_world(*, own_network: bool) -> AsyncIterator[World]:
    """All servers and processes. Their logs stay, in `World.logs`."""
    # Not below pytest's folder: as root, that is closed to the user who runs PostgreSQL.
    directory = Path(tempfile.mkdtemp(prefix="vedette-faults-"))
    directory.chmod(0o711)
    (directory / "logs").mkdir()
    async with AsyncExitStack() as stack:
        database = Database(directory / "postgres")
        stack.push_async_callback(database.close)
        await database.open()
        await migrate(database.dsn)
        broker = await stack.enter_async_context(running_rabbitmq(directory / "rabbitmq"))
        redis = await stack.enter_async_context(running_redis(directory / "redis"))
        receivers = await stack.enter_async_context(running_receivers())
        network = None
        if own_network:
            network = await stack.enter_async_context(networks.running_network())
        host = "127.0.0.1" if network is None else network.outside
        stage = await stack.enter_async_context(running_stage(host))
        world = World(directory, receivers, stage, database, broker, redis, network)
        world.far_amqp = broker.url
        if network is not None:
            forwarding = networks.forwarding(network.control, broker.port)
            await stack.enter_async_context(forwarding)
            world.far_amqp = broker.url.replace("127.0.0.1", network.control)
        stack.push_async_callback(world.close)
        await world.start()
        try:
            yield world
        finally:
            _keep_logs(world)


def _keep_logs(world: World) -> None:
    """The servers' logs, beside those of the processes."""
    for server in (world.broker, world.redis):
        shutil.copy(server.log, world.logs)
