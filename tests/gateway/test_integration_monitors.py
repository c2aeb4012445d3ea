"""Monitors through the API, on a real database."""

from typing import Any
from uuid import UUID

from tests.gateway.acting import Api, World, a_monitor, a_webhook

from vedette.core.kinds import parse_monitor
from vedette.core.state import State
from vedette.store.sealing import opened, sealed
from vedette.store.secretbox import SecretBox

BOX = SecretBox("a secret of the tests")


async def test_a_created_monitor_reads_back_as_its_definition(api: Api) -> None:
    created = await api.ask("POST", "/monitors", a_monitor(tags=["shop"]))
    assert created.status == 201, created.body
    assert created.headers["Location"] == f"/api/v1/monitors/{created.body['id']}"
    assert created.headers["ETag"] == '"1"'
    assert list(created.body)[:4] == ["id", "name", "kind", "target"]
    read = await api.get(f"/monitors/{created.body['id']}")
    assert read.body == created.body
    assert read.body["target"]["url"] == "https://shop.example/"
    assert read.body["interval_s"] == 60
    assert (read.body["state"], read.body["paused"]) == ("pending", False)


async def test_every_write_tells_of_itself(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    await api.ask("PATCH", f"/monitors/{id}", {"name": "Store"})
    await api.ask("POST", f"/monitors/{id}/pause")
    await api.ask("DELETE", f"/monitors/{id}")
    updated = "monitor.updated"
    assert await world.events() == ["monitor.created", updated, updated, "monitor.deleted"]


async def test_only_what_a_prober_needs_makes_a_new_revision(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]

    async def counts() -> tuple[int, int]:
        row = await world.pool.fetchrow("select version, revision from monitor")
        assert row is not None
        return row["version"], row["revision"]

    await api.ask("PATCH", f"/monitors/{id}", {"name": "Store", "interval_s": 30})
    assert await counts() == (2, 1)
    await api.ask("PATCH", f"/monitors/{id}", {"target": {"method": "HEAD"}})
    assert await counts() == (3, 2)
    row = await world.pool.fetchrow("select target, spec from monitor")
    assert row is not None
    assert row["target"] == "HEAD https://shop.example/"
    assert row["spec"]["interval_s"] == 30


async def test_who_is_asked_and_whose_turn_it_is_makes_a_new_revision(
    api: Api, world: World
) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    for number, change in enumerate(
        ({"regions": ["eu", "us"]}, {"regions_mode": "rotate"}, {"interval_s": 30}), start=2
    ):
        await api.ask("PATCH", f"/monitors/{id}", change)
        assert await world.pool.fetchval("select revision from monitor") == number


async def test_a_change_that_changes_nothing_is_none(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor(timeout_s=3)))["id"]
    same = await api.ask("PUT", f"/monitors/{id}", a_monitor(timeout_s=3.0))
    also = await api.ask("PATCH", f"/monitors/{id}", {})
    assert (same.body["version"], also.body["version"]) == (1, 1)
    assert await world.events() == ["monitor.created"]


async def test_a_patch_merges_and_null_restores_the_default(api: Api) -> None:
    id = (await api.create("/monitors", a_monitor(interval_s=30, tags=["a"])))["id"]
    headers = {"Content-Type": "application/merge-patch+json"}
    patch = {"interval_s": None, "target": {"headers": {"X-A": "1"}}}
    patched = await api.ask("PATCH", f"/monitors/{id}", patch, headers=headers)
    assert patched.status == 200, patched.body
    assert (patched.body["interval_s"], patched.body["tags"]) == (60, ["a"])
    assert patched.body["target"]["url"] == "https://shop.example/"


async def test_what_was_read_can_be_changed_and_put_back(api: Api) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    monitor = (await api.get(f"/monitors/{id}")).body
    put = await api.ask("PUT", f"/monitors/{id}", {**monitor, "interval_s": 120})
    assert (put.status, put.body["interval_s"], put.body["version"]) == (200, 120, 2)
    refused = await api.ask("PUT", f"/monitors/{id}", {**monitor, "intervall_s": 120})
    assert (refused.status, refused.fields) == (422, ["intervall_s"])


SECRETIVE = {
    "url": "https://ann:hunter2@shop.example/?token=hunter2&page=2",
    "headers": {"X-Api-Key": "hunter2", "Accept": "text/html"},
    "auth": {"scheme": "basic", "username": "ann", "password": "hunter2"},
}


async def stored(world: World) -> Any:
    """The one monitor's definition, opened."""
    row = await world.pool.fetchrow("select id, spec from monitor")
    assert row is not None
    assert "hunter2" not in str(row["spec"])
    return opened(row["spec"], row["id"], BOX)


async def test_secrets_of_a_target_are_not_shown_and_kept(api: Api, world: World) -> None:
    created = await api.create("/monitors", a_monitor(target=SECRETIVE))
    monitor = (await api.get(f"/monitors/{created['id']}")).body
    listed = (await api.get("/monitors")).body
    assert "hunter2" not in f"{created}{monitor}{listed}"
    hidden = "********"
    assert monitor["target"]["headers"] == {"X-Api-Key": hidden, "Accept": "text/html"}
    assert monitor["target"]["url"] == f"https://ann:{hidden}@shop.example/?token={hidden}&page=2"
    put = {**monitor, "interval_s": 120}
    assert (await api.ask("PUT", f"/monitors/{created['id']}", put)).body["version"] == 2
    kept = await stored(world)
    assert kept["interval_s"] == 120
    assert {name: kept["target"][name] for name in SECRETIVE} == SECRETIVE
    refused = await api.ask("POST", "/monitors", a_monitor(target=monitor["target"]))
    assert refused.status == 422
    assert {"target.auth.password", "target.url"} <= set(refused.fields)


async def test_a_change_of_a_secret_is_a_change(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor(target=SECRETIVE)))["id"]
    same = await api.ask("PATCH", f"/monitors/{id}", {"target": {"auth": SECRETIVE["auth"]}})
    assert same.body["version"] == 1
    other = {"target": {"headers": {"X-Api-Key": "hunter2 too"}}}
    assert (await api.ask("PATCH", f"/monitors/{id}", other)).body["version"] == 2
    assert await world.pool.fetchval("select revision from monitor") == 2
    assert (await stored(world))["target"]["headers"]["X-Api-Key"] == "hunter2 too"


async def test_secrets_stored_in_clear_are_read_and_sealed_when_written(
    api: Api, world: World
) -> None:
    id = (await api.create("/monitors", a_monitor(target=SECRETIVE)))["id"]
    clear = await stored(world)
    await world.pool.execute("update monitor set spec = $1", clear)
    assert (await api.get(f"/monitors/{id}")).body["target"]["auth"]["password"] == "********"
    await api.ask("PATCH", f"/monitors/{id}", {"interval_s": 120})
    assert (await stored(world))["target"] == clear["target"]


async def test_a_field_that_is_new_since_then_is_no_change(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor(target=SECRETIVE)))["id"]
    await world.pool.execute("update monitor set spec = (spec - 'certificate_days') #- $1",
                             ["target", "method"])  # fmt: skip
    same = await api.ask("PATCH", f"/monitors/{id}", {"interval_s": 60})
    assert same.body["version"] == 1
    await api.ask("PATCH", f"/monitors/{id}", {"interval_s": 120})
    assert await world.pool.fetchval("select revision from monitor") == 1


async def test_secrets_that_can_not_be_read_are_asked_for_anew(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor(target=SECRETIVE)))["id"]
    spec = parse_monitor(await stored(world))
    foreign = sealed(spec, UUID(id), SecretBox("the key of before"))
    await world.pool.execute("update monitor set spec = $1", foreign)
    shown = (await api.get("/monitors")).body["items"][0]
    assert shown["target"]["auth"]["password"] == shown["target"]["url"] == "********"
    refused = await api.ask("PATCH", f"/monitors/{id}", {"interval_s": 120})
    assert (refused.status, "target.url" in refused.fields) == (422, True)
    mended = await api.ask("PATCH", f"/monitors/{id}", {"target": SECRETIVE})
    assert mended.status == 200, mended.body
    assert parse_monitor(await stored(world)) == spec


async def test_a_definition_that_would_be_refused_by_now_hides_no_other(
    api: Api, world: World
) -> None:
    await api.create("/monitors", a_monitor(name="Odd", target=SECRETIVE))
    odd = """update monitor set spec = spec || '{"interval_s": 7, "timeout_s": 90}'"""
    await world.pool.execute(odd)
    await api.create("/monitors", a_monitor(name="Well"))
    items = (await api.get("/monitors")).body["items"]
    assert [(one["name"], one["interval_s"]) for one in items] == [("Odd", 7), ("Well", 60)]
    assert items[0]["target"]["auth"]["password"] == "********"


async def test_a_reason_that_only_a_newer_version_knows_hides_nothing(
    api: Api, world: World
) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    await world.standing(id, "down", world.ago(hours=1))
    newer = {"outcome": "down", "reason": "from the future", "message": "the moon is full"}
    await world.pool.execute("update monitor_state set last_check = $1, cause = $1", newer)
    shown = (await api.get("/monitors")).body["items"][0]["last_check"]
    assert (shown["reason"], shown["message"]) == (None, "the moon is full")
    assert (await api.get(f"/monitors/{id}/state")).body["cause"]["reason"] is None


async def test_pausing_shows_at_once_and_twice_is_once(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    await world.standing(id, "up", world.ago(hours=1))
    first = await api.ask("POST", f"/monitors/{id}/pause")
    again = await api.ask("POST", f"/monitors/{id}/pause")
    assert (first.body["state"], first.body["paused"]) == ("paused", True)
    assert again.body["version"] == first.body["version"] == 2
    resumed = await api.ask("POST", f"/monitors/{id}/resume")
    assert (resumed.body["state"], resumed.body["version"]) == ("up", 3)


async def test_a_resumption_shows_before_the_processor_heard_of_it(api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    await world.standing(id, "paused", world.ago(hours=1))
    monitor = (await api.get(f"/monitors/{id}")).body
    state = (await api.get(f"/monitors/{id}/state")).body
    assert monitor["state"] == state["state"] == "pending"
    assert monitor["since"] == state["since"] == monitor["updated_at"]


async def test_if_match_guards_every_change(api: Api) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    stale = {"If-Match": '"7"'}
    for method, path, body in [
        ("PUT", "", a_monitor(name="Other")),
        ("PATCH", "", {"name": "Other"}),
        ("DELETE", "", None),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
    ]:
        refused = await api.ask(method, f"/monitors/{id}{path}", body, headers=stale)
        assert refused.status == 412, method
    fresh = {"If-Match": '"7", "1"'}
    changed = await api.ask("PATCH", f"/monitors/{id}", {"name": "Other"}, headers=fresh)
    assert (changed.status, changed.headers["ETag"]) == (200, '"2"')


async def test_a_deleted_monitor_is_gone(api: Api) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    assert (await api.ask("DELETE", f"/monitors/{id}")).status == 204
    for path in ("", "/checks", "/state", "/spans", "/uptime"):
        assert (await api.get(f"/monitors/{id}{path}")).status == 404
    assert (await api.ask("DELETE", f"/monitors/{id}")).status == 404
    assert (await api.get("/monitors")).body["items"] == []


async def test_channels_that_do_not_exist_are_named(api: Api) -> None:
    known = (await api.create("/channels", a_webhook()))["id"]
    unknown = "00000000-0000-4000-8000-000000000000"
    refused = await api.ask("POST", "/monitors", a_monitor(channels=[known, unknown]))
    assert (refused.status, refused.fields) == (422, ["channels[1]"])


async def test_lists_are_paged_and_filtered(api: Api, world: World) -> None:
    ids = []
    for number in range(5):
        definition = a_monitor(name=f"Shop_{number}", tags=["odd"] if number % 2 else [])
        ids.append((await api.create("/monitors", definition))["id"])
    await world.standing(ids[0], "down", world.now)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api.get(f"/monitors?limit=2{cursor}")).body
        seen += [monitor["id"] for monitor in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ids

    async def found(query: str) -> list[str]:
        return [monitor["id"] for monitor in (await api.get(f"/monitors?{query}")).body["items"]]

    assert await found("tag=odd") == [ids[1], ids[3]]
    assert await found("state=down") == [ids[0]]
    assert await found("state=pending&q=SHOP_4") == [ids[4]]
    assert await found("q=%25") == []
    assert await found("kind=tcp") == []


async def test_a_list_by_state_has_those_that_show_that_state(api: Api, world: World) -> None:
    for judged in (None, *State):
        for paused in (False, True):
            id = (await api.create("/monitors", a_monitor()))["id"]
            if judged is not None:
                await world.standing(id, judged, world.now)
            if paused:
                await api.ask("POST", f"/monitors/{id}/pause")
    everything = (await api.get("/monitors")).body["items"]
    for state in State:
        shown = [monitor["id"] for monitor in everything if monitor["state"] == state]
        page = (await api.get(f"/monitors?limit=1&state={state}")).body
        found = page["items"]
        if page["next"] is not None:
            rest = await api.get(f"/monitors?state={state}&cursor={page['next']}")
            found += rest.body["items"]
        assert [monitor["id"] for monitor in found] == shown, state


async def test_a_workspace_sees_nothing_of_another(api: Api, world: World) -> None:
    other = Api(api.client, await world.another_key())
    monitor = (await api.create("/monitors", a_monitor()))["id"]
    channel = (await api.create("/channels", a_webhook()))["id"]
    incident = await world.incident(monitor, world.now)
    delivery = await world.delivery(channel)
    await world.check(monitor, world.now)
    for path in ("monitors", "channels", "incidents", "deliveries"):
        assert (await other.get(f"/{path}")).body["items"] == []
    own = (f"monitors/{monitor}", f"channels/{channel}", f"incidents/{incident}",
           f"deliveries/{delivery}", f"monitors/{monitor}/checks")  # fmt: skip
    for path in own:
        assert (await other.get(f"/{path}")).status == 404
    assert (await other.ask("DELETE", f"/monitors/{monitor}")).status == 404
    assert (await other.ask("DELETE", f"/channels/{channel}?force=true")).status == 404
    assert (await other.ask("POST", f"/channels/{channel}/test")).status == 404
    refused = await other.ask("POST", "/monitors", a_monitor(channels=[channel]))
    assert refused.fields == ["channels[0]"]
    assert monitor not in (await other.get("/metrics")).body
