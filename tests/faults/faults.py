"""Everything that can go wrong, by name. Each fault begins, lasts, and is over when it returns."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.faults import clocks, meddling, network
from tests.faults.channel_faults import OF_CHANNELS
from tests.faults.setting import Fault, Setting
from tests.faults.supervisor import Supervised
from tests.faults.world import FAR, SERVICES, World


def _one_of(service: str, setting: Setting[World]) -> Supervised:
    return setting.chance.choice(setting.world.processes[service])


async def kill(service: str, setting: Setting[World]) -> None:
    """kill -9 of one process, or of all at once; the supervisor starts them again."""
    everyone, one = setting.world.processes[service], [_one_of(service, setting)]
    victims = everyone if setting.chance.random() < 0.3 else one
    for victim in victims:
        victim.kill()
    await asyncio.gather(*[victim.next_life() for victim in victims])


async def freeze(service: str, setting: Setting[World]) -> None:
    """SIGSTOP of one process, which goes on after a while, or is killed."""
    process = _one_of(service, setting)
    process.freeze()
    try:
        await setting.last(setting.chance.uniform(8, 40))
        if setting.chance.random() < 0.4:
            process.kill()
            await process.next_life()
    finally:
        process.thaw()


async def restart_one_by_one(setting: Setting[World]) -> None:
    """A rolling restart in good order: one process of everything, then the other one."""
    by_turn: dict[int, list[Supervised]] = {}
    for process in setting.world.everyone():
        by_turn.setdefault(int(process.name.rpartition("-")[2]), []).append(process)
    for processes in by_turn.values():
        await asyncio.gather(*[process.begin_anew() for process in processes])


async def stop_broker(setting: Setting[World]) -> None:
    """RabbitMQ is away for a minute."""
    await setting.world.broker.stop()
    await setting.last(60)
    await setting.world.broker.start()


async def kill_broker(setting: Setting[World]) -> None:
    """RabbitMQ is killed, and comes back."""
    await setting.world.broker.kill()
    await setting.world.broker.start()


async def freeze_broker(setting: Setting[World]) -> None:
    """RabbitMQ holds its connections and says nothing."""
    setting.world.broker.freeze()
    await setting.last(30)
    setting.world.broker.thaw()


async def stop_database(setting: Setting[World]) -> None:
    """PostgreSQL is away for a minute."""
    await setting.world.database.stop()
    await setting.last(60)
    await setting.world.database.start()


async def kill_database(setting: Setting[World]) -> None:
    """PostgreSQL is killed with all its backends, and comes back."""
    await setting.world.database.kill()
    await setting.last(setting.chance.uniform(0, 5))
    await setting.world.database.start()


async def freeze_database(setting: Setting[World]) -> None:
    """PostgreSQL holds its connections and says nothing."""
    setting.world.database.freeze()
    await setting.last(setting.chance.uniform(10, 45))
    setting.world.database.thaw()


async def fill_disk(setting: Setting[World]) -> None:
    """PostgreSQL has no room on its disk; should that kill it, it is started when there is."""
    database = setting.world.database
    await asyncio.to_thread(database.fill)
    await setting.last(40)
    database.clear()
    await database.ensure()


async def flush_redis(setting: Setting[World]) -> None:
    """Redis forgets everything."""
    await setting.world.redis.flush()


async def kill_redis(setting: Setting[World]) -> None:
    """Redis is killed, and comes back empty."""
    await setting.world.redis.kill()
    await setting.last(20)
    await setting.world.redis.start()


async def cut_uplink(setting: Setting[World]) -> None:
    """The probers of one region reach no target any more, and nothing says so."""
    found = setting.world.network
    assert found is not None
    found.cut()
    await setting.last(setting.chance.uniform(20, 60))
    found.mend()


async def step_clock(setting: Setting[World]) -> None:
    """The clock of one process is put forward or back, and right again."""
    services = [service for service in SERVICES if service != "gateway"]
    process = _one_of(setting.chance.choice(services), setting)
    step_s = setting.chance.choice((-3600, -90, -20, -3, 3, 20, 90, 3600))
    async with clocks.of_its_own(process, setting.world.directory / "clocks") as clock:
        clock.step(step_s)
        await setting.last(40)
    await setting.world.ready()


async def duplicate(setting: Setting[World]) -> None:
    """Messages come twice, the second time later than others."""
    async with meddling.copying(setting.world.broker.url, setting.chance):
        await setting.last(60)


async def delay(setting: Setting[World]) -> None:
    """Messages are held up, and overtake one another."""
    async with meddling.holding_up(setting.world.broker.url, setting.chance):
        await setting.last(60)


FAULTS: dict[str, Fault[World]] = {
    fault.name: fault
    for fault in (
        *(Fault(f"kill-{service}", partial(kill, service)) for service in SERVICES),
        *(Fault(f"freeze-{service}", partial(freeze, service)) for service in SERVICES),
        Fault("rolling-restart", restart_one_by_one),
        Fault("rabbitmq-stopped", stop_broker, blind=True),
        Fault("rabbitmq-killed", kill_broker, blind=True),
        Fault("rabbitmq-frozen", freeze_broker, blind=True),
        Fault("postgres-stopped", stop_database, blind=True),
        Fault("postgres-killed", kill_database, blind=True),
        Fault("postgres-frozen", freeze_database, blind=True),
        Fault("disk-full", fill_disk, blind=True, obstacle=network.obstacle),
        Fault("redis-flushed", flush_redis),
        Fault("redis-killed", kill_redis),
        Fault("uplink-cut", cut_uplink, blind=True, region=FAR, obstacle=network.obstacle),
        Fault("clock-step", step_clock, obstacle=clocks.obstacle),
        Fault("duplicates", duplicate, beside=True),
        Fault("delays", delay, beside=True),
        *OF_CHANNELS,
    )
}
