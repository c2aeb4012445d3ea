"""Changes of state become incidents, once each, whatever happens to the events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from tests.world import add_monitor, add_workspace, events, now_ms

from vedette.bus.api import Message
from vedette.core.events import Event, MonitorDeleted, MonitorRef
from vedette.incidents.handlers import Handlers
from vedette.store.pool import Pool, open_pool


@dataclass
class World:
    """The service on a database of its own, with one monitor."""

    pool: Pool
    handlers: Handlers
    workspace: UUID
    monitor: UUID
    channel: UUID

    async def span(self, sequence: int, state: str) -> None:
        await self.pool.execute(
            "insert into span (monitor_id, sequence, workspace_id, state, started_at, decided_at,"
            ' cause) values ($1, $2, $3, $4, now(), now(), \'{"reason": "status"}\'::jsonb)',
            self.monitor,
            sequence,
            self.workspace,
            state,
        )

    async def tell(self) -> None:
        """An event of the monitor; what it says in particular doesn't matter."""
        ref = MonitorRef(id=self.monitor, name="Shop", kind="http", target="x")
        event = Event.of(MonitorDeleted(monitor=ref), workspace=self.workspace, at_ms=now_ms())
        message = Message("monitor.state_changed", event.model_dump_json().encode())
        await self.handlers.follow_monitor(message)

    async def told(self) -> list[str]:
        return [event["type"].split(".")[2] for event in await events(self.pool)]

    async def incidents(self) -> list[tuple[str, str | None]]:
        rows = await self.pool.fetch(
            "select state, resolution from incident order by opened_at, id"
        )
        return [(row["state"], row["resolution"]) for row in rows]


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with open_pool(database, size=8, application="test") as pool:
        workspace, channel = await add_workspace(pool), uuid4()
        monitor = await add_monitor(pool, workspace, channels=[str(channel)])
        world = World(pool, Handlers(pool), workspace, monitor, channel)
        await world.span(1, "pending")
        yield world


async def test_down_and_up_are_one_incident(world: World) -> None:
    await world.span(2, "down")
    await world.tell()
    assert await world.incidents() == [("investigating", None)]
    await world.span(3, "up")
    await world.tell()
    assert await world.incidents() == [("resolved", "recovered")]
    opened, resolved = await events(world.pool)
    assert opened["data"]["incident"]["id"] == resolved["data"]["incident"]["id"]
    assert opened["data"]["incident"]["channels"] == [str(world.channel)]
    assert opened["data"]["monitor"]["name"] == "Shop"


async def test_repeated_events_change_nothing(world: World) -> None:
    await world.span(2, "down")
    await asyncio.gather(*(world.tell() for _ in range(10)))
    await world.span(3, "up")
    await asyncio.gather(*(world.tell() for _ in range(10)))
    assert await world.told() == ["opened", "resolved"]


async def test_an_event_that_comes_late_finds_everything(world: World) -> None:
    for sequence, state in enumerate(["down", "up", "unknown", "down"], start=2):
        await world.span(sequence, state)
    await world.tell()
    assert await world.told() == ["opened", "resolved", "opened"]
    assert sorted(await world.incidents()) == [("investigating", None), ("resolved", "recovered")]


async def test_a_lost_event_is_made_up_for(world: World) -> None:
    await world.span(2, "down")
    await world.pool.execute(
        "insert into monitor_state (monitor_id, workspace_id, state, since, sequence)"
        " values ($1, $2, 'down', now(), 2)",
        world.monitor,
        world.workspace,
    )
    await world.handlers.reconcile()
    await world.handlers.reconcile()
    assert await world.told() == ["opened"]


async def test_a_deleted_monitors_incident_ends(world: World) -> None:
    await world.span(2, "down")
    await world.tell()
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.tell()
    await world.tell()
    assert await world.incidents() == [("resolved", "deleted")]
    assert await world.told() == ["opened", "resolved"]


async def test_a_deleted_monitor_opens_nothing(world: World) -> None:
    await world.pool.execute("update monitor set deleted_at = now()")
    await world.span(2, "down")
    await world.tell()
    assert await world.incidents() == []
