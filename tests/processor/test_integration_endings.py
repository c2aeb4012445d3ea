"""Certificates and registrations that end soon: told once each, with the check that saw it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.processor.test_integration_record import World, a_result, world
from tests.world import add_monitor, events, now_ms

from vedette.core.instants import iso
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.processor import expiring
from vedette.processor.settings import ProcessorSettings
from vedette.processor.upkeep import keep_up

__all__ = ["world"]  # the fixture
DAY = 86_400_000
TARGET = {"url": "https://shop.example/"}


def a_check(monitor: UUID, slot: int, days_left: float, **more: Any) -> Result:
    """A check that saw a certificate with so many days left."""
    end = slot - slot % 1000 + int(days_left * DAY)
    facts = {"status": 200, "certificate_expires_at": iso(end), "certificate_issuer": "CN=R3",
             "certificate_serial": "0a"}  # fmt: skip
    return a_result(monitor, slot, **{"facts": facts | more.pop("facts", {}), **more})


async def told(world: World, name: str = "certificate") -> list[dict[str, Any]]:
    """What the events tell, in order."""
    wanted = f"vedette.{name}.expiring.v1"
    return [one["data"] for one in await events(world.pool) if one["type"] == wanted]


async def thresholds(world: World) -> list[int]:
    return [one["threshold"] for one in await told(world)]


async def test_an_end_within_the_days_is_told_with_what_is_known(world: World) -> None:
    channel = uuid4()
    monitor = await add_monitor(
        world.pool, world.workspace, target=TARGET, channels=[str(channel)], tags=["shop"]
    )
    now = now_ms()
    await world.record(a_check(monitor, now, 6.5))
    (data,) = await told(world)
    assert data["monitor"] == {
        "id": str(monitor), "name": "Shop", "kind": "http", "target": "GET https://shop.example/",
        "tags": ["shop"],
    }  # fmt: skip
    assert (data["days_left"], data["threshold"], data["of_chain"]) == (6, 7, False)
    assert (data["issuer"], data["serial"]) == ("CN=R3", "0a")
    assert data["expires_at"] == iso(now - now % 1000 + int(6.5 * DAY))
    assert data["channels"] == [str(channel)]
    assert await world.state(monitor) == "up"


async def test_it_is_told_once_for_each_number_of_days(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = await add_monitor(world.pool, world.workspace, target=TARGET)
    began = now_ms()
    check = a_check(monitor, began, 30.5)
    for days in (0, 9, 9.4, 17, 17.1, 24, 27.2, 28, 29.3, 30.4):
        now = began + int(days * DAY)
        monkeypatch.setattr("vedette.processor.handlers.now_ms", lambda now=now: now)
        await world.record(check.model_copy(update={"slot": now}))
    assert await thresholds(world) == [21, 14, 7, 3, 1]


async def test_a_check_that_is_delivered_again_or_seen_by_all_regions_is_told_once(
    world: World,
) -> None:
    regions = ["eu", "us", "asia"]
    monitors = [
        await add_monitor(world.pool, world.workspace, target=TARGET, regions=regions)
        for _ in range(10)
    ]
    now = now_ms()
    checks = [a_check(monitor, now, 2.5) for monitor in monitors]
    later = [a_check(monitor, now + 1, 2.5, facts={"certificate_expires_at":
             checks[0].facts["certificate_expires_at"]}) for monitor in monitors]  # fmt: skip
    await asyncio.gather(
        *(
            world.record(*batch, region=region)
            for region in regions * 3
            for batch in (checks, later[::-1])
        )
    )
    found = await told(world)
    assert sorted(one["monitor"]["id"] for one in found) == sorted(map(str, monitors))
    assert {one["threshold"] for one in found} == {3}


async def test_a_renewed_certificate_begins_afresh(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, target=TARGET), now_ms()
    await world.record(a_check(monitor, now, 2.5))
    await world.record(a_check(monitor, now + 1, 90))
    await world.record(a_check(monitor, now + 2, 20.5))
    assert await thresholds(world) == [3, 21]


async def test_of_a_chain_the_first_end_counts(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, target=TARGET), now_ms()
    sooner = {"chain_expires_at": iso(now + 10 * DAY + 5)}
    await world.record(a_check(monitor, now, 200, facts=sooner))
    (data,) = await told(world)
    assert (data["threshold"], data["of_chain"]) == (14, True)


async def test_a_registration_that_ends_soon_is_told(world: World) -> None:
    monitor = await add_monitor(
        world.pool, world.workspace, kind="domain", target={"name": "example.org"}, domain_days=[30]
    )
    now = now_ms()
    facts = {"domain": "example.org", "domain_registrar": "Names Inc.",
             "domain_expires_at": iso(now + 30 * DAY + 5)}  # fmt: skip
    for slot in (now, now + 1):
        await world.record(a_result(monitor, slot, facts=facts))
    (data,) = await told(world, "domain")
    assert (data["domain"], data["registrar"]) == ("example.org", "Names Inc.")
    assert (data["threshold"], data["days_left"]) == (30, 30)


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({"certificate_days": []}, {}),
        ({"certificate_days": [1]}, {}),
        ({"target": {**TARGET, "tls": {"verify": False}}}, {}),
        ({}, {"revision": 0}),
        ({}, {"outcome": Outcome.DOWN, "reason": Reason.TLS_HOSTNAME}),
        ({}, {"facts": {"certificate_expires_at": "nonsense"}}),
    ],
    ids=["off", "not-yet", "unverified", "older-definition", "not-trusted", "no-date"],
)
async def test_what_nobody_wants_to_know_is_not_told(
    world: World, fields: dict[str, Any], check: dict[str, Any]
) -> None:
    monitor = await add_monitor(world.pool, world.workspace, **{"target": TARGET, **fields})
    await world.record(a_check(monitor, now_ms(), 2.5, **check))
    assert await told(world) == []


async def test_of_a_paused_monitor_nothing_is_told(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, target=TARGET)
    await world.pool.execute("update monitor set paused = true")
    await world.record(a_check(monitor, now_ms(), 2.5))
    assert await told(world) == []


async def test_a_failing_target_whose_certificate_is_good_is_told_of_as_well(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, target=TARGET)
    await world.record(a_check(monitor, now_ms(), 2.5, outcome=Outcome.DOWN))
    assert await thresholds(world) == [3]


async def test_definitions_of_before_have_the_usual_days(world: World) -> None:
    monitor = await add_monitor(world.pool, world.workspace, target=TARGET)
    await world.pool.execute("update monitor set spec = spec - 'certificate_days'")
    await world.record(a_check(monitor, now_ms(), 2.5))
    assert await thresholds(world) == [3]


async def test_while_nothing_ends_soon_it_takes_no_query(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unexpected(*_: object) -> None:
        raise AssertionError("a query")

    monkeypatch.setattr(expiring, "_told", unexpected)
    monitor, now = await add_monitor(world.pool, world.workspace, target=TARGET), now_ms()
    await world.record(a_check(monitor, now, 23), a_result(monitor, now + 1))
    assert await world.state(monitor) == "up"


async def test_notices_of_what_has_ended_are_forgotten(world: World) -> None:
    monitor, now = await add_monitor(world.pool, world.workspace, target=TARGET), now_ms()
    await world.record(a_check(monitor, now, 2.5))
    await keep_up(world.pool, ProcessorSettings(), now=datetime.now(UTC))
    assert await world.pool.fetchval("select count(*) from expiry_notice") == 1
    await world.pool.execute("update expiry_notice set expires_at = now() - interval '1 s'")
    await keep_up(world.pool, ProcessorSettings(), now=datetime.now(UTC))
    assert await world.pool.fetchval("select count(*) from expiry_notice") == 0
