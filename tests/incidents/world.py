"""The incidents service on a database of its own, with one monitor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.world import add_monitor, add_workspace, events, now_ms

from vedette.bus.api import Message
from vedette.core.events import Event, MonitorDeleted, MonitorRef
from vedette.incidents.handlers import Handlers
from vedette.store.pool import Pool, open_pool

NOW = timedelta(0)


@dataclass
class World:
    """What the processor writes, and what the service makes of it."""

    pool: Pool
    handlers: Handlers
    workspace: UUID
    monitor: UUID
    channel: UUID

    async def another(self) -> UUID:
        """A monitor more, without a state."""
        return await add_monitor(self.pool, self.workspace, channels=[str(self.channel)])

    async def span(
        self, sequence: int, state: str, *, monitor: UUID | None = None, ago: timedelta = NOW
    ) -> None:
        """A change of state, decided so long ago."""
        await self.pool.execute(
            "insert into span (monitor_id, sequence, workspace_id, state, started_at, decided_at,"
            " cause) values ($1, $2, $3, $4, now() - $5::interval, now() - $5::interval,"
            ' \'{"reason": "status"}\'::jsonb)',
            monitor or self.monitor,
            sequence,
            self.workspace,
            state,
            ago,
        )

    async def down_as_well(self, **monitor: Any) -> UUID:
        """Another monitor of the channel's, that went down before."""
        id = await add_monitor(self.pool, self.workspace, channels=[str(self.channel)], **monitor)
        await self.span(1, "pending", monitor=id)
        await self.span(2, "down", monitor=id)
        return id

    async def make_unreadable(self, monitor: UUID) -> None:
        """Let its causes be such as no version writes."""
        cause = {"phases": "from the future"}
        await self.pool.execute("update span set cause = $2 where monitor_id = $1", monitor, cause)

    async def tell(self, *, monitor: UUID | None = None) -> None:
        """An event of the monitor; what it says in particular doesn't matter."""
        ref = MonitorRef(id=monitor or self.monitor, name="Shop", kind="http", target="x")
        event = Event.of(MonitorDeleted(monitor=ref), workspace=self.workspace, at_ms=now_ms())
        message = Message("monitor.state_changed", event.model_dump_json().encode())
        await self.handlers.follow_monitor(message)

    async def events(self) -> list[dict[str, Any]]:
        """What the outbox holds."""
        return await events(self.pool)

    async def told(self) -> list[str]:
        """The events by their verbs."""
        return [event["type"].split(".")[2] for event in await self.events()]

    async def incidents(self) -> list[tuple[str, str | None]]:
        """State and resolution, oldest first."""
        rows = await self.pool.fetch(
            "select state, resolution from incident order by opened_at, id"
        )
        return [(row["state"], row["resolution"]) for row in rows]


@asynccontextmanager
async def opened_world(database: str, **monitor: Any) -> AsyncIterator[World]:
    """A world whose monitor is pending."""
    async with open_pool(database, size=8, application="test") as pool:
        workspace, channel = await add_workspace(pool), uuid4()
        id = await add_monitor(pool, workspace, channels=[str(channel)], **monitor)
        world = World(pool, Handlers(pool), workspace, id, channel)
        await world.span(1, "pending")
        yield world
