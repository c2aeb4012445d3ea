"""Several regions, of which one is silent, wrong or late, with all that judges running for real."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from tests.world import add_monitor, add_workspace, now_ms

from vedette.bus.api import Bus, Exchange, Handler, Message, Outgoing, Queue
from vedette.bus.connect import open_bus
from vedette.bus.consuming import consuming
from vedette.bus.topology import MESSAGES, RESULTS_KEY, jobs, urgent_jobs
from vedette.core.events import Event
from vedette.core.job import Job, JobBatch
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result, ResultBatch
from vedette.incidents.service import running as incidents
from vedette.incidents.settings import IncidentsSettings
from vedette.processor.service import running as processor
from vedette.processor.settings import ProcessorSettings
from vedette.runtime.background import background
from vedette.runtime.resources import Resources
from vedette.scheduler.service import running as scheduler
from vedette.scheduler.settings import SchedulerSettings
from vedette.store.outbox import Relay
from vedette.store.pool import Pool, open_pool
from vedette.testing.waiting import eventually

pytestmark = pytest.mark.timeout(120)
UP, DOWN = Outcome.UP, Outcome.DOWN
GOOD = ("fra", "nyc")
ODD = "sgp"
VERBS = ("opened", "resolved")
QUICK = {"interval_s": 5, "retry_interval_s": 1, "timeout_s": 1}


@dataclass(frozen=True)
class Says:
    """What a region answers; None for nothing at all."""

    outcome: Outcome | None
    after_s: float = 0


Script = Callable[[UUID], Says]


@dataclass
class Region:
    """A region whose prober says what the test wants it to say."""

    name: str
    bus: Bus
    script: Script
    _saying: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, message: Message) -> None:
        """Jobs in; their results leave when they are ready."""
        for job in JobBatch.model_validate_json(message.body).jobs:
            says = self.script(job.monitor_id)
            if says.outcome is not None:
                task = asyncio.create_task(self._say(job, says.outcome, says.after_s))
                self._saying.add(task)
                task.add_done_callback(self._saying.discard)

    async def _say(self, job: Job, outcome: Outcome, after_s: float) -> None:
        await asyncio.sleep(max(job.slot / 1000 - time.time(), 0) + after_s)
        result = Result(
            monitor_id=job.monitor_id,
            revision=job.revision,
            slot=job.slot,
            outcome=outcome,
            reason=Reason.CONNECT_REFUSED if outcome is DOWN else None,
            started_at=job.slot,
            duration_ms=1,
        )
        batch = ResultBatch(region=self.name, prober="test", results=[result])
        body = batch.model_dump_json().encode()
        await self.bus.publish(Exchange.RESULTS, [Outgoing(key=RESULTS_KEY, body=body)])


@dataclass
class World:
    """A scheduler, two processors and the incidents service, and regions that are played."""

    pool: Pool
    workspace: UUID
    truth: dict[UUID, Outcome]
    odd: dict[UUID, Callable[[Outcome], Says]]
    told: list[tuple[UUID, str]] = field(default_factory=list)
    """What people are told, by monitor."""

    async def hear(self, message: Message) -> None:
        """In place of the notifier."""
        event = Event.model_validate_json(message.body)
        self.told.append((UUID(event.data["monitor"]["id"]), event.name))

    async def monitor(self, odd: Callable[[Outcome], Says], **fields: Any) -> UUID:
        """One that is up, and what the odd region says of it, given the truth."""
        whole: dict[str, Any] = {**QUICK, "regions": [*GOOD, ODD], **fields}
        # It begins when the test has noted what is to be said of it.
        id = await add_monitor(self.pool, self.workspace, active_since=now_ms() + 300, **whole)
        self.truth[id], self.odd[id] = UP, odd
        return id

    async def state(self, monitor: UUID) -> str | None:
        state: str | None = await self.pool.fetchval(
            "select state from monitor_state where monitor_id = $1", monitor
        )
        return state

    async def become(self, state: str, *monitors: UUID, within: float = 40) -> None:
        async def there() -> bool:
            return {await self.state(monitor) for monitor in monitors} == {state}

        await eventually(there, within=within, every=0.1, what=f"all are {state}")

    async def states(self, monitor: UUID) -> list[str]:
        rows = await self.pool.fetch(
            "select state from span where monitor_id = $1 order by sequence", monitor
        )
        return [row["state"] for row in rows]

    async def votes(self, monitor: UUID) -> dict[str, tuple[str | None, bool]]:
        """What the evidence of its incident says, and whether it was late."""

        async def told() -> Any:
            return await self.pool.fetchval(
                "select s.cause from incident i join span s on s.monitor_id = i.monitor_id"
                " and s.sequence = i.opened_by where i.monitor_id = $1",
                monitor,
            )

        # The incident follows the state.
        cause = await eventually(told, within=20, what="its incident is open")
        return {vote["region"]: (vote.get("outcome"), vote["late"]) for vote in cause["votes"]}

    def says(self, region: str, monitor: UUID) -> Says:
        truth = self.truth[monitor]
        return self.odd[monitor](truth) if region == ODD else Says(truth)


@pytest.fixture(params=["local", "amqp"])
def bus_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("broker").url if request.param == "amqp" else None


@pytest.fixture
async def world(bus_url: str | None, database: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(database, size=20, application="test"))
        world = World(pool, await add_workspace(pool), {}, {})
        shared = await stack.enter_async_context(open_bus(bus_url))

        async def resources(name: str) -> Resources:
            bus = shared if bus_url is None else await stack.enter_async_context(open_bus(bus_url))
            return Resources(instance=name, bus=bus, drain_s=1, _pool=pool)

        await stack.enter_async_context(incidents(IncidentsSettings(), await resources("i")))
        for name in ("p1", "p2"):
            await stack.enter_async_context(processor(ProcessorSettings(), await resources(name)))
        handlers: dict[Queue, Handler] = {MESSAGES: world.hear}
        for name in (*GOOD, ODD):
            region = Region(name, shared, partial(world.says, name))
            handlers |= {jobs(name): region.take, urgent_jobs(name): region.take}
        await stack.enter_async_context(consuming(shared, handlers, prefetch=10, drain_s=1))
        await stack.enter_async_context(background("relay", Relay(pool, shared).run))
        settings = SchedulerSettings(secret_key=SecretStr("a secret of the tests"))
        await stack.enter_async_context(scheduler(settings, await resources("s")))
        yield world


def silent(_: Outcome) -> Says:
    return Says(None)


def wrong(truth: Outcome) -> Says:
    return Says(UP if truth is DOWN else DOWN)


def late_and_wrong(truth: Outcome) -> Says:
    return Says(wrong(truth).outcome, after_s=2)


async def _began(*monitors: Awaitable[UUID]) -> list[UUID]:
    return [await monitor for monitor in monitors]


async def test_one_region_that_is_silent_wrong_or_late_decides_nothing(world: World) -> None:
    unheard, mistaken, slow, alone, turning = monitors = await _began(
        world.monitor(silent),
        world.monitor(wrong),
        world.monitor(late_and_wrong),
        # Of two regions one is silent: the round is closed by the vote of the other.
        world.monitor(silent, regions=[GOOD[0], ODD]),
        world.monitor(wrong, regions_mode="rotate"),
    )
    await world.become("up", *monitors)
    for monitor in monitors:
        world.truth[monitor] = DOWN
    await world.become("down", *monitors)
    assert await world.votes(unheard) == {
        "fra": ("down", False), "nyc": ("down", False), "sgp": (None, False)
    }  # fmt: skip
    assert (await world.votes(alone))["fra"] == ("down", False)
    told = await world.votes(mistaken)
    assert [told[region][0] for region in GOOD] == ["down", "down"]

    async def added() -> bool:
        return (await world.votes(slow))["sgp"] == ("up", True)

    await eventually(added, within=10, what="the late vote is among the evidence")
    for monitor in monitors:
        world.truth[monitor] = UP
    await world.become("up", *monitors)
    for monitor in monitors:
        assert await world.states(monitor) == ["pending", "up", "down", "up"]

    told_of = {(monitor, f"incident.{verb}") for monitor in monitors for verb in VERBS}
    await eventually(lambda: told_of <= set(world.told), within=20, what="each is told of")
    assert len(set(world.told)) == len(told_of), "one incident each"
    late = await world.pool.fetch(
        "select region from check_result where late and monitor_id = $1", slow
    )
    assert {row["region"] for row in late} == {ODD}
    rows = await world.pool.fetch(
        "select slot, count(*) as regions from check_result where monitor_id = $1"
        " group by slot order by slot",
        turning,
    )
    assert {row["regions"] for row in rows} == {1, 3}, "one a slot, all to confirm"
