"""What can go wrong with `vedette up`, its probers and its PostgreSQL."""

from __future__ import annotations

from contextlib import suppress

import psutil
from tests.faults.channel_faults import OF_CHANNELS
from tests.faults.embedded import Embedded
from tests.faults.setting import Fault, Setting


async def kill_up(setting: Setting[Embedded]) -> None:
    """kill -9 of the whole process; its probers end with it, its PostgreSQL stays for the next."""
    setting.world.up.kill()
    await setting.world.up.next_life()
    await setting.world.ready()


async def freeze_up(setting: Setting[Embedded]) -> None:
    """SIGSTOP of the process, not of its probers; it goes on after a while, or is killed."""
    up = setting.world.up
    up.freeze()
    try:
        await setting.last(setting.chance.uniform(8, 40))
        if setting.chance.random() < 0.4:
            up.kill()
            await up.next_life()
    finally:
        up.thaw()
    await setting.world.ready()


async def restart_up(setting: Setting[Embedded]) -> None:
    """A restart in good order."""
    await setting.world.up.begin_anew()
    await setting.world.ready()


async def kill_prober(setting: Setting[Embedded]) -> None:
    """kill -9 of one prober, or of all at once; others are started in their place."""
    everyone = setting.world.probers()
    victims = everyone if setting.chance.random() < 0.3 else [setting.chance.choice(everyone)]
    for victim in victims:
        victim.kill()
    await setting.world.ready()


async def freeze_prober(setting: Setting[Embedded]) -> None:
    """SIGSTOP of one prober, which goes on after a while, or was killed for it."""
    prober = setting.chance.choice(setting.world.probers())
    prober.suspend()
    try:
        await setting.last(setting.chance.uniform(8, 45))
    finally:
        with suppress(psutil.NoSuchProcess):
            prober.resume()
    await setting.world.ready()


async def kill_database(setting: Setting[Embedded]) -> None:
    """PostgreSQL is killed with all its backends, and is started again."""
    await setting.world.cluster.kill()
    await setting.world.ready()


async def kill_backend(setting: Setting[Embedded]) -> None:
    """One backend of PostgreSQL is killed; so it breaks off all others, and recovers."""
    backends = setting.world.cluster.processes()[1:]
    setting.chance.choice(backends).kill()
    await setting.world.ready()


async def freeze_database(setting: Setting[Embedded]) -> None:
    """PostgreSQL holds its connections and says nothing."""
    setting.world.cluster.freeze()
    await setting.last(setting.chance.uniform(10, 45))
    setting.world.cluster.thaw()
    await setting.world.ready()


_ALL: tuple[Fault[Embedded], ...] = (
    Fault("kill-up", kill_up, blind=True),
    Fault("freeze-up", freeze_up, blind=True),
    Fault("restart-up", restart_up, blind=True),
    Fault("kill-prober", kill_prober),
    Fault("freeze-prober", freeze_prober),
    Fault("postgres-killed", kill_database, blind=True),
    Fault("postgres-backend-killed", kill_backend, blind=True),
    Fault("postgres-frozen", freeze_database, blind=True),
    *OF_CHANNELS,
)
EMBEDDED_FAULTS = {fault.name: fault for fault in _ALL}
