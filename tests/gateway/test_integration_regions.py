"""Probers that are known, and what the API says and refuses because of them."""

from __future__ import annotations

from aiohttp.test_utils import TestClient
from tests.gateway.acting import Api, World, a_monitor

WHY = "aiodns is not installed; pip install 'vedette[dns]' adds it"
DNS = {"kind": "dns", "target": {"name": "shop.example"}}


async def lame(world: World, region: str = "default", **more: object) -> None:
    """A prober that can't check names."""
    await world.prober(region, **{"kinds": ["http", "tcp"], "lacking": {"dns": WHY}} | more)


async def test_regions_are_listed_with_their_live_probers(api: Api, world: World) -> None:
    await lame(world, "eu", instance="one")
    await lame(world, "eu", instance="left", left_at=world.now)
    await lame(world, "eu", instance="silent", seen_at=world.ago(seconds=40))
    await lame(world, "us", instance="two", kinds=["dns", "http"], lacking={})
    await lame(world, "old", seen_at=world.ago(hours=2))
    await api.create("/monitors", a_monitor(regions=["moon"]))
    regions = (await api.get("/regions")).body["items"]
    assert [region["name"] for region in regions] == ["eu", "moon", "us"]
    eu, moon, us = regions
    assert (eu["kinds"], eu["lacking"]) == (["http", "tcp"], {"dns": WHY})
    (prober,) = eu["probers"]
    assert (prober["name"], prober["in_flight"], prober["concurrency"]) == ("one", 3, 1000)
    assert (moon["kinds"], moon["probers"]) == ([], [])
    assert us["kinds"] == ["dns", "http"]


async def test_what_nobody_offers_is_not_created(api: Api, world: World) -> None:
    await lame(world)
    answer = await api.ask("POST", "/monitors", a_monitor(**DNS))
    assert (answer.status, answer.fields) == (422, ["kind"])
    assert answer.body["detail"] == (
        f"kind: no live prober of region default offers kind dns: {WHY}; on offer: http, tcp"
    )
    assert (await api.create("/monitors", a_monitor()))["warnings"] == []


async def test_every_trouble_of_a_definition_is_named_at_once(api: Api, world: World) -> None:
    await lame(world, "eu")
    await world.prober("us")
    stranger = "01890000-0000-7000-8000-000000000000"
    definition = a_monitor(**DNS, regions=["us", "eu"], channels=[stranger])
    answer = await api.ask("POST", "/monitors", definition)
    assert answer.fields == ["channels[0]", "regions[1]"]


async def test_a_change_to_what_nobody_offers_is_refused(api: Api, world: World) -> None:
    await lame(world)
    id = (await api.create("/monitors", a_monitor()))["id"]
    changed = await api.ask("PUT", f"/monitors/{id}", a_monitor(**DNS))
    assert (changed.status, changed.fields) == (422, ["kind"])
    assert (await api.get(f"/monitors/{id}")).body["kind"] == "http"


async def test_what_was_taken_can_be_edited_when_it_is_offered_no_more(
    api: Api, world: World
) -> None:
    await world.prober("default", instance="one")
    id = (await api.create("/monitors", a_monitor(**DNS)))["id"]
    await lame(world, instance="one")
    changed = await api.ask("PATCH", f"/monitors/{id}", {"name": "Names"})
    assert changed.status == 200
    (warning,) = changed.body["warnings"]
    assert "no live prober of region default offers kind dns" in warning
    assert (await api.get(f"/monitors/{id}")).body["warnings"] == [warning]
    assert (await api.get("/monitors")).body["items"][0]["warnings"] == [warning]
    put_back = await api.ask("PUT", f"/monitors/{id}", changed.body)
    assert (put_back.status, put_back.body["version"]) == (200, 2)


async def test_before_any_prober_is_there_all_is_taken_with_a_warning(api: Api) -> None:
    created = await api.create("/monitors", a_monitor(**DNS))
    assert created["warnings"] == [
        "no prober of region default is known: nothing is checked until one is there"
    ]


async def test_a_one_off_check_that_nobody_can_run_is_refused_at_once(
    api: Api, world: World
) -> None:
    await lame(world)
    answer = await api.ask("POST", "/check", DNS | {"timeout_s": 60})
    assert (answer.status, answer.fields) == (422, ["kind"])


async def test_a_region_that_nobody_knows_is_told_beside_those_that_would(
    api: Api, world: World
) -> None:
    await world.prober("eu")
    answer = await api.ask("POST", "/check", a_monitor(regions=["ue"], timeout_s=60))
    assert answer.status == 504
    assert answer.body["detail"] == "no prober of region ue is known; live probers are in eu"


async def test_metrics_count_live_probers_by_region(
    client: TestClient,  # type: ignore[type-arg]
    world: World,
) -> None:
    await world.prober("eu")
    await world.prober("us", left_at=world.now)
    text = await (await client.get("/metrics")).text()
    assert 'vedette_live_probers{region="eu"} 1.0' in text
    assert 'vedette_live_probers{region="us"} 0.0' in text


async def test_the_health_of_regions_is_told(
    api: Api,
    client: TestClient,  # type: ignore[type-arg]
    world: World,
) -> None:
    await world.prober("us")
    await world.pool.execute("insert into region_health (region, trouble) values ('us', 'uplink')")
    await world.unhealthy("eu", "no prober")
    await api.create("/monitors", a_monitor(regions=["eu", "new"]))
    eu, new, us = (await api.get("/regions")).body["items"]
    assert (eu["healthy"], eu["trouble"], eu["message"]) == (False, "no_probers", "no prober")
    assert (us["healthy"], us["trouble"]) == (True, None), "what only looks so is not told"
    assert (new["healthy"], new["since"]) == (None, None)
    assert us["probers"][0]["uplink"] is None
    text = await (await client.get("/metrics")).text()
    assert 'vedette_region_healthy{region="eu"} 0.0' in text
    assert 'vedette_region_healthy{region="us"} 1.0' in text
