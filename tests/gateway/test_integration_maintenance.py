"""Maintenance through the API, and what of it shows elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from aiohttp.test_utils import TestClient
from tests.gateway.acting import KEY, Api, World, a_monitor

Client = TestClient[Any, Any]


def a_maintenance(**fields: Any) -> dict[str, Any]:
    """A definition."""
    return {
        "name": "Backups",
        "kind": "weekly",
        "weekdays": ["sunday"],
        "start_time": "02:30",
        "duration_s": 5400,
        "time_zone": "Europe/Berlin",
        "everything": True,
        **fields,
    }


def going_on(**fields: Any) -> dict[str, Any]:
    """One that began an hour ago and ends in two."""
    now = datetime.now(UTC)
    return {
        "name": "Move",
        "kind": "once",
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=2)).isoformat(),
        "everything": True,
        **fields,
    }


async def a_window(world: World, **columns: Any) -> None:
    """What the incidents service writes down."""
    row = {
        "started_at": world.ago(hours=3),
        "ended_at": world.ago(hours=1),
        "everything": True,
        "monitors": [],
        "tags": [],
        **columns,
    }
    id = uuid4()
    await world.pool.execute(
        "insert into maintenance (id, workspace_id, spec) values ($1, $2, '{}')",
        id,
        world.workspace,
    )
    await world.pool.execute("update maintenance set deleted_at = now() where id = $1", id)
    await world.pool.execute(
        "insert into maintenance_window (maintenance_id, started_at, workspace_id, ended_at,"
        " everything, monitors, tags) values ($1, $2, $3, $4, $5, $6, $7)",
        id,
        row["started_at"],
        world.workspace,
        row["ended_at"],
        row["everything"],
        row["monitors"],
        row["tags"],
    )


async def test_what_was_planned_is_shown_with_its_windows(api: Api) -> None:
    created = await api.create("/maintenance", a_maintenance())
    assert created.items() >= a_maintenance().items()
    starts_at = datetime.fromisoformat(created["next"]["starts_at"])
    ends_at = datetime.fromisoformat(created["next"]["ends_at"])
    assert starts_at.weekday() == 6
    assert starts_at > datetime.now(UTC)
    assert ends_at - starts_at == timedelta(minutes=90)
    assert created["current"] is None
    now = await api.create("/maintenance", going_on())
    assert now["current"] is not None
    assert now["next"] is None
    listed = (await api.get("/maintenance?limit=1")).body
    assert [one["id"] for one in listed["items"]] == [created["id"]]
    rest = (await api.get(f"/maintenance?cursor={listed['next']}")).body
    assert [one["id"] for one in rest["items"]] == [now["id"]]


async def test_what_was_read_can_be_changed_and_put_back(api: Api, world: World) -> None:
    path = f"/maintenance/{(await api.create('/maintenance', a_maintenance()))['id']}"
    read = await api.get(path)
    put = await api.ask("PUT", path, {**read.body, "start_time": "04:00"})
    assert (put.status, put.body["start_time"], put.body["version"]) == (200, "04:00", 2)
    stale = {"If-Match": read.headers["ETag"]}
    assert (await api.ask("PUT", path, read.body, headers=stale)).status == 412
    turn = "select next_turn_at = '-infinity' from maintenance"
    assert await world.pool.fetchval(turn)  # the incidents service looks at it at once
    same = await api.ask("PUT", path, put.body)
    assert same.body["version"] == 2


async def test_what_was_deleted_is_gone_but_not_its_windows(api: Api, world: World) -> None:
    path = f"/maintenance/{(await api.create('/maintenance', going_on()))['id']}"
    assert (await api.ask("DELETE", path)).status == 204
    assert (await api.get(path)).status == 404
    assert (await api.ask("DELETE", path)).status == 404
    assert (await api.get("/maintenance")).body["items"] == []
    assert await world.pool.fetchval("select count(*) from maintenance") == 1


async def test_every_wrong_field_is_named(api: Api) -> None:
    refused = await api.ask(
        "POST", "/maintenance", a_maintenance(start_time="25:00", time_zone="Mars", weekdays=["x"])
    )
    assert sorted(refused.fields) == ["start_time", "time_zone", "weekdays[0]"]
    assert (await api.ask("POST", "/maintenance", {"name": "x"})).fields == ["kind"]
    nobody = a_maintenance(everything=False, monitors=[str(uuid4())])
    assert (await api.ask("POST", "/maintenance", nobody)).fields == ["monitors[0]"]


async def test_another_workspace_sees_none_of_it(api: Api, client: Client, world: World) -> None:
    created = await api.create("/maintenance", a_maintenance())
    strangers = Api(client, await world.another_key())
    assert (await strangers.get("/maintenance")).body["items"] == []
    path = f"/maintenance/{created['id']}"
    for method, body in (("GET", None), ("PUT", a_maintenance()), ("DELETE", None)):
        assert (await strangers.ask(method, path, body)).status == 404


async def test_uptime_leaves_maintenance_out(api: Api, world: World) -> None:
    monitor = (await api.create("/monitors", a_monitor(tags=["db"])))["id"]
    await world.born(monitor, world.ago(hours=10))
    await world.standing(monitor, "up", world.ago(hours=10))
    await world.spans(
        monitor,
        ("up", world.ago(hours=10)),
        ("down", world.ago(hours=3)),
        ("up", world.ago(hours=1)),
    )
    path = f"/monitors/{monitor}/uptime"
    before = (await api.get(path)).body["windows"]["24h"]
    assert round(before["uptime"], 3) == 0.8
    await a_window(world, everything=False, tags=["web"])
    await a_window(world, everything=False, monitors=[uuid4()])
    assert round((await api.get(path)).body["windows"]["24h"]["uptime"], 3) == 0.8
    await a_window(world, everything=False, tags=["db"], started_at=world.ago(hours=2))
    half = (await api.get(path)).body["windows"]["24h"]
    assert (round(half["maintenance_s"]), round(half["down_s"])) == (3600, 3600)
    await a_window(world, everything=False, monitors=[UUID(monitor)])
    found = (await api.get(path)).body["windows"]["24h"]
    assert (found["uptime"], found["down_s"], found["maintenance_s"]) == (1, 0, 7200)


async def test_the_screen_shows_what_is_in_maintenance(
    api: Api, client: Client, world: World
) -> None:
    monitor = (await api.create("/monitors", a_monitor()))["id"]
    await world.standing(monitor, "down", world.ago(minutes=5))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with client.get("/", headers=headers) as response:
        assert "In maintenance" not in await response.text()
    await api.create("/maintenance", going_on(everything=False, monitors=[monitor]))
    async with client.get("/", headers=headers) as response:
        text = await response.text()
    assert "In maintenance" in text
    assert "Move: alerts wait until" in text


async def test_everything_is_summed_up_in_one_word(api: Api, world: World) -> None:
    summary = (await api.get("/summary")).body
    assert (summary["overall"], summary["monitors"]["up"]) == ("nothing", 0)
    one, other = [(await api.create("/monitors", a_monitor()))["id"] for _ in range(2)]
    await world.standing(one, "up", world.ago(minutes=5))
    await world.standing(other, "down", world.ago(minutes=5))
    summary = (await api.get("/summary")).body
    assert (summary["overall"], summary["monitors"]["up"]) == ("partly", 1)
    await api.create("/maintenance", going_on(everything=False, monitors=[other]))
    summary = (await api.get("/summary")).body
    assert (summary["overall"], summary["in_maintenance"]) == ("maintenance", 1)


async def test_every_open_incident_counts(client: Client, api: Api, world: World) -> None:
    for number in range(52):
        monitor = (await api.create("/monitors", a_monitor(name=f"Shop {number}")))["id"]
        await world.incident(monitor, world.ago(minutes=number))
    assert (await api.get("/summary")).body["open_incidents"] == 52
    async with client.get("/", headers={"Authorization": f"Bearer {KEY}"}) as response:
        assert "and 2 more" in await response.text()


async def test_a_maintenance_that_can_not_be_read_hides_nothing_else(
    client: Client, api: Api, world: World
) -> None:
    id = (await api.create("/maintenance", going_on(name="Odd")))["id"]
    await api.create("/maintenance", going_on(name="Well"))
    odd = """update maintenance set spec = spec || '{"ends_at": "tomorrow"}' where id = $1"""
    await world.pool.execute(odd, UUID(id))
    listed = await client.get("/api/v1/maintenance", headers={"Authorization": f"Bearer {KEY}"})
    items = (await listed.json())["items"]
    assert [(one["name"], one["current"] is None) for one in items] == [
        ("Odd", True),
        ("Well", False),
    ]
    await api.create("/monitors", a_monitor())
    assert (await api.get("/summary")).body["in_maintenance"] == 1


async def test_uptime_of_any_range_can_be_asked_for(api: Api, world: World) -> None:
    monitor = (await api.create("/monitors", a_monitor()))["id"]
    await world.born(monitor, world.ago(hours=10))
    await world.standing(monitor, "up", world.ago(hours=1))
    await world.spans(
        monitor,
        ("up", world.ago(hours=10)),
        ("down", world.ago(hours=4)),
        ("up", world.ago(hours=1)),
    )
    for hours, outcome in ((6, "up"), (5, "up"), (3, "down")):
        await world.check(monitor, world.ago(hours=hours), outcome)
    path = f"/monitors/{monitor}/uptime"
    asked = {"since": world.ago(hours=6).isoformat(), "until": world.ago(hours=2).isoformat()}
    answer = await api.get(f"{path}?{urlencode(asked)}")
    [(name, found)] = answer.body["windows"].items()
    assert (name, found["uptime"], found["down_s"]) == ("range", 0.5, 7200)
    assert found["average_ms"] == 12.5
    backward = {"since": asked["until"], "until": asked["since"]}
    refused = await api.get(f"{path}?{urlencode(backward)}")
    assert (refused.status, refused.fields) == (400, ["since"])
