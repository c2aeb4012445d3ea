"""Schedulers without their loops, which a test turns, on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.world import BOX, add_monitor, now_ms

from vedette.bus.api import Exchange, Full, Outgoing, Queue
from vedette.bus.local import LocalBus
from vedette.bus.topology import EXPIRED
from vedette.core.errors import Transient
from vedette.core.instants import to_datetime
from vedette.scheduler.dispatch import Dispatcher
from vedette.scheduler.leases import Leases
from vedette.scheduler.store import Store
from vedette.store.pool import Pool
from vedette.store.secretbox import SecretBox

S = 1000
_SELDOM_S = 86_400


class Recorder(LocalBus):
    """A bus that keeps what is published, and can be out of order."""

    def __init__(self, *, durable: bool) -> None:
        super().__init__()
        self.durable = durable  # type: ignore[misc]
        self.sent: list[tuple[str, UUID, int]] = []
        self.definitions: list[Any] = []
        self.broken = False
        self.away = False
        self.taking = asyncio.Event()
        self.taking.set()
        self.full: set[str] = set()
        self.unrecorded = 0

    def healthy(self) -> bool:
        return not self.away

    async def depth(self, queue: Queue) -> int:
        return self.unrecorded if queue == EXPIRED else 0

    async def publish(self, exchange: Exchange, messages: Sequence[Outgoing]) -> None:
        if self.broken:
            raise Transient("the broker is away")
        await self.taking.wait()
        refused = [message for message in messages if message.key in self.full]
        for message in messages:
            if message in refused:
                continue
            for job in json.loads(message.body)["jobs"]:
                self.sent.append((message.key, UUID(job["monitor_id"]), job["slot"]))
                self.definitions.append(job["definition"])
        if refused:
            raise Full(refused)

    def slots(self, key: str = "default") -> list[int]:
        return [slot for sent_to, _, slot in self.sent if sent_to == key]


@dataclass
class Scheduler:
    """One scheduler without its loops: the test turns it."""

    bus: Recorder
    leases: Leases
    dispatcher: Dispatcher

    @property
    def owned(self) -> int:
        return len(self.leases.shards)

    async def take(self) -> None:
        await self.dispatcher.turn_leases()
        await self.dispatcher.load()

    async def turn(self) -> None:
        await self.take()
        await self.dispatcher.tick()


@dataclass
class World:
    """A database and who works on it."""

    pool: Pool
    workspace: UUID
    made: list[Scheduler] = field(default_factory=list)

    def scheduler(self, *, durable: bool = True, box: SecretBox = BOX) -> Scheduler:
        store = Store(self.pool, f"scheduler-{len(self.made)}", box)
        leases, bus = Leases(store), Recorder(durable=durable)
        self.made.append(Scheduler(bus, leases, Dispatcher(store, bus, leases)))
        return self.made[-1]

    async def monitor(self, *, age_s: float = 0, **fields: object) -> UUID:
        """One that is due at `age_s` seconds ago, and then not soon, unless it says otherwise."""
        definition = {"interval_s": _SELDOM_S, **fields}
        since = now_ms() - int(age_s * S)
        return await add_monitor(self.pool, self.workspace, active_since=since, **definition)

    async def watermark(self, age_s: float) -> None:
        at = to_datetime(now_ms() - int(age_s * S))
        await self.pool.execute("update shard set watermark = $1", at)

    async def expire_leases(self) -> None:
        await self.pool.execute("update shard set expires_at = now() - interval '1 s'")
        await self.pool.execute("update scheduler_instance set seen_at = now() - interval '1 min'")
