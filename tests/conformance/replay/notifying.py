"""By the notifier, on a database of its own: an outage, and who is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.conformance.mapping.reading import Reading
from tests.conformance.replay.databases import database
from tests.conformance.replay.states import series
from tests.notifier.world import World

from vedette.testing.ports import free_port
from vedette.testing.sink import Sink, running_sink
from vedette.testing.waiting import eventually

_BROKEN = "broken"


async def told(probe: Mapping[str, Any], source: str) -> dict[str, Any]:
    """How many messages arrive at each channel; one that is called broken is not there."""
    reading = Reading(probe, kind="state", source=source)
    names = reading.get("channels")
    outcomes = {key: value for key, value in probe.items() if key != "channels"}
    sent = series(outcomes, {}, source)["sent"]
    async with database() as pool, running_sink() as sink:
        world = World(pool=pool, dsn="")
        await world.prepare()
        channels = {name: await _channel(world, sink, name) for name in names}
        await _tell(world, list(channels.values()), sent)
        return {"delivered": {name: await _delivered(world, channels[name]) for name in names}}


async def _channel(world: World, sink: Sink, name: str) -> UUID:
    gone = f"http://127.0.0.1:{free_port()}/"
    return await world.webhook(gone if name == _BROKEN else f"{sink.url}/{name}")


async def _tell(world: World, channels: list[UUID], sent: list[str | None]) -> None:
    """Let the notifier have what was sent, until every delivery was attempted."""
    opening = world.opened(*channels)
    events = {"triggered": opening, "resolved": world.resolved(opening)}
    await world.receive(*(events[one] for one in sent if one is not None))

    async def attempted() -> bool:
        return not await world.rows("attempts = 0 and transition = 'opened'") and not (
            await world.rows("status = 'pending' and error is null and transition = 'opened'")
        )

    async with world.notifier():
        await eventually(attempted, what="an attempt at every delivery")


async def _delivered(world: World, channel: UUID) -> int:
    return len([row for row in await world.rows("status = 'sent'") if row["channel_id"] == channel])
