"""A whole Vedette, apart, two processes of each service and of each region's probers."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from tests.e2e.actor import Api
from tests.e2e.installation import KEY
from tests.faults import network as networks
from tests.faults.channels import Receivers, running_receivers
from tests.faults.database import Database
from tests.faults.network import Network
from tests.faults.stage import Stage, running_stage
from tests.faults.supervisor import Supervised

from vedette.store.migrate import migrate
from vedette.testing.ports import free_port
from vedette.testing.rabbitmq import Broker, running_rabbitmq
from vedette.testing.redis import Redis, running_redis
from vedette.testing.waiting import eventually

REGIONS = ("east", "north", "west")
FAR = REGIONS[-1]
"""The region whose probers have a network of their own, if that can be made."""
CENTRAL = ("gateway", "scheduler", "processor", "incidents", "notifier")
SERVICES = (*CENTRAL, "prober")
REPLICAS = 2


@dataclass
class World:
    """Everything there is, and everything that can be broken."""

    directory: Path
    database: Database
    broker: Broker
    redis: Redis
    receivers: Receivers
    stage: Stage
    network: Network | None
    processes: dict[str, list[Supervised]] = field(default_factory=dict)
    api_urls: list[str] = field(default_factory=list)
    far_amqp: str = ""

    @property
    def logs(self) -> Path:
        """Where all processes and servers write what they have to say."""
        return self.directory / "logs"

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
        async with aiohttp.ClientSession() as http:
            for url in self.api_urls:

                async def answers(url: str = url) -> bool:
                    with suppress(aiohttp.ClientError):
                        async with http.get(f"{url}/health/ready") as response:
                            return response.status == 200
                    return False

                await eventually(answers, within=within, every=0.2, what=f"{url} is ready")

    @asynccontextmanager
    async def api(self) -> AsyncIterator[Api]:
        """The REST API, of the first gateway."""
        async with aiohttp.ClientSession() as http:
            yield Api(http, self.api_urls[0])

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*[process.close() for process in self.everyone()])

    def _add(
        self, service: str, name: str, environment: dict[str, str], *, far: bool = False
    ) -> None:
        around = self.network.around if far and self.network is not None else ()
        log = self.logs / f"{name}.log"
        self.processes.setdefault(service, []).append(
            Supervised(name, service, environment, log=log, around=around)
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
            "VEDETTE_PROBER_FORBIDDEN": "none",
            "VEDETTE_PROBER_PER_HOST": "2000",  # all targets are on one
            "VEDETTE_PROBER_CANARIES": self.stage.address,
            "VEDETTE_PROBER_CANARY_INTERVAL_S": "5",
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
        world = World(directory, database, broker, redis, receivers, stage, network)
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
