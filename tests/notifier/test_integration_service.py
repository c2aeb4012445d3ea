"""The service as it runs: from the bus to a person, and out again."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from tests.notifier.world import KEY, World, by_mail

from vedette.bus.api import Exchange, Outgoing
from vedette.bus.local import LocalBus
from vedette.core.errors import VedetteError
from vedette.core.events import Event
from vedette.notifier.service import running
from vedette.notifier.settings import NotifierSettings
from vedette.runtime.resources import Resources
from vedette.testing.smtp import Mailbox
from vedette.testing.waiting import eventually


def resources(world: World, bus: LocalBus) -> Resources:
    return Resources(instance="notifier-1", bus=bus, drain_s=5, _pool=world.pool)


def outgoing(event: Event) -> Outgoing:
    body = event.model_dump_json(exclude_none=True).encode()
    return Outgoing(event.name, body, id=str(event.id), traceparent=event.traceparent)


async def test_an_incident_reaches_people(world: World, mailbox: Mailbox) -> None:
    settings: dict[str, Any] = {**by_mail(mailbox), "secret_key": KEY}
    bus = LocalBus()
    opening = world.opened(await world.email("ann@example.org"))
    async with running(NotifierSettings(**settings), resources(world, bus)):
        await bus.publish(Exchange.EVENTS, [outgoing(opening)])
        await bus.publish(Exchange.EVENTS, [outgoing(world.resolved(opening))])
        await world.has_status("sent", 2)
    await bus.close()
    assert [m["Subject"][:4] for m in mailbox.messages] == ["DOWN", "UP: "]


async def test_what_waits_is_measured(world: World) -> None:
    await world.receive(world.opened(await world.email("ann@example.org", "bob@example.org")))
    async with running(NotifierSettings(secret_key=SecretStr(KEY)), resources(world, LocalBus())):
        await eventually(lambda: REGISTRY.get_sample_value("vedette_deliveries_pending") == 2)


async def test_without_a_key_it_does_not_start(world: World) -> None:
    bus = LocalBus()
    with pytest.raises(VedetteError, match="VEDETTE_SECRET_KEY is not set"):
        async with running(NotifierSettings(), resources(world, bus)):
            pass
