"""Channels, test messages, deliveries and incidents through the API, on a real database."""

import asyncio
import json
from uuid import UUID

import pytest
from tests.gateway.acting import Api, World, a_monitor, a_webhook

from vedette.core.channel import REDACTED
from vedette.gateway.api import incidents, trials
from vedette.store.secretbox import SecretBox
from vedette.testing.waiting import eventually

BOX = SecretBox("a secret of the tests")


async def _sealed(world: World) -> bytes:
    found: bytes = await world.pool.fetchval("select sealed_config from channel")
    return found


async def test_a_secret_is_never_shown_and_never_lost(api: Api, world: World) -> None:
    created = await api.create("/channels", a_webhook())
    assert created["config"] == {
        "url": "https://hooks.example/",
        "secret": REDACTED,
        "tell_resolved": True,
    }
    path = f"/channels/{created['id']}"
    without = a_webhook(url="https://other.example/")
    del without["config"]["secret"]
    replaced = await api.ask("PUT", path, without)
    assert replaced.status == 200, replaced.body
    await api.ask("PATCH", path, {"name": "Night shift"})
    assert (await api.get(path)).body["name"] == "Night shift"
    opened = BOX.open(await _sealed(world))
    assert opened == {
        "url": "https://other.example/",
        "secret": "sixteen characters and more",
        "tell_resolved": True,
    }
    assert b"sixteen" not in await _sealed(world)


async def test_the_placeholder_of_a_secret_is_no_secret(api: Api) -> None:
    created = await api.create("/channels", a_webhook())
    refused = await api.ask("PATCH", f"/channels/{created['id']}", {"config": {"secret": REDACTED}})
    assert (refused.status, refused.fields) == (422, ["config.secret"])


@pytest.mark.parametrize("url", ["http://h:99999/", "http://h:x/", "http://[::1/", "http://h /"])
async def test_a_webhook_that_cannot_be_connected_to_is_refused(api: Api, url: str) -> None:
    refused = await api.ask("POST", "/channels", a_webhook(url=url))
    assert (refused.status, refused.fields) == (422, ["config.url"])


async def test_a_channel_under_another_key_is_listed_and_can_be_written_anew(
    api: Api, world: World
) -> None:
    id = (await api.create("/channels", a_webhook()))["id"]
    foreign = SecretBox("the key of before").seal(a_webhook()["config"])
    await world.pool.execute("update channel set sealed_config = $1", foreign)
    [listed] = (await api.get("/channels")).body["items"]
    assert (listed["name"], listed["config"]) == ("On call", None)
    renamed = await api.ask("PATCH", f"/channels/{id}", {"name": "Night shift"})
    assert (renamed.status, renamed.fields) == (422, ["config"])
    replaced = await api.ask("PUT", f"/channels/{id}", a_webhook())
    assert (replaced.status, replaced.body["config"]["secret"]) == (200, REDACTED)
    assert BOX.open(await _sealed(world))["url"] == "https://hooks.example/"


async def test_a_channel_that_would_be_refused_by_now_is_shown_as_it_is(
    api: Api, world: World
) -> None:
    await api.create("/channels", a_webhook())
    old = {"url": "http://h:99999/", "secret": "sixteen characters and more"}
    await world.pool.execute("update channel set sealed_config = $1", BOX.seal(old))
    [listed] = (await api.get("/channels")).body["items"]
    assert listed["config"] == {
        "url": "http://h:99999/",
        "secret": REDACTED,
        "tell_resolved": True,
    }


@pytest.mark.parametrize("to", ["a\x01b@example.org", "a\u200bb@example.org", "a b@example.org"])
async def test_a_mail_address_is_printable(api: Api, to: str) -> None:
    mail = {"name": "On call", "kind": "email", "config": {"to": [to]}}
    assert (await api.ask("POST", "/channels", mail)).fields == ["config.to"]


async def test_if_match_guards_every_change_of_a_channel(api: Api) -> None:
    path = f"/channels/{(await api.create('/channels', a_webhook()))['id']}"
    read = (await api.get(path)).headers["ETag"]
    changed = await api.ask("PATCH", path, {"name": "Night"}, headers={"If-Match": read})
    assert (changed.status, changed.body["name"]) == (200, "Night")
    for method, body in [("PUT", a_webhook()), ("PATCH", {"name": "Day"}), ("DELETE", None)]:
        refused = await api.ask(method, path, body, headers={"If-Match": read})
        assert refused.status == 412, method
    known = {"If-Match": changed.headers["ETag"]}
    assert (await api.ask("DELETE", path, headers=known)).status == 204


async def test_every_wrong_field_of_a_channel_is_named(api: Api) -> None:
    refused = await api.ask(
        "POST", "/channels", {"name": "", "kind": "webhook", "config": {"url": "x"}}
    )
    assert sorted(refused.fields) == ["config.secret", "config.url", "name"]
    for kind in ({}, {"kind": "pigeon"}):
        assert (await api.ask("POST", "/channels", kind)).fields == ["kind"]


async def test_a_channel_is_deleted_beside_changes_of_the_monitors_that_name_it(api: Api) -> None:
    for turn in range(10):
        channel = await api.create("/channels", a_webhook())
        named = a_monitor(channels=[channel["id"]])
        ids = [(await api.create("/monitors", named))["id"] for _ in range(3)]
        answers = await asyncio.gather(
            *(api.ask("PATCH", f"/monitors/{id}", {"name": f"{turn}"}) for id in ids),
            api.ask("DELETE", f"/channels/{channel['id']}?force=true"),
        )
        assert [answer.status for answer in answers] == [200, 200, 200, 204]
        for id in ids:
            assert (await api.get(f"/monitors/{id}")).body["channels"] == []


async def test_a_channel_in_use_is_deleted_only_by_force(api: Api, world: World) -> None:
    channel = (await api.create("/channels", a_webhook()))["id"]
    monitor = (await api.create("/monitors", a_monitor(channels=[channel])))["id"]
    refused = await api.ask("DELETE", f"/channels/{channel}")
    assert refused.status == 409
    assert monitor in refused.body["detail"]
    assert (await api.ask("DELETE", f"/channels/{channel}?force=true")).status == 204
    after = (await api.get(f"/monitors/{monitor}")).body
    assert (after["channels"], after["version"]) == ([], 2)
    assert await world.events() == ["monitor.created", "monitor.updated"]
    assert (await api.get("/channels")).body["items"] == []


async def test_a_test_message_is_waited_for(api: Api, world: World) -> None:
    channel = (await api.create("/channels", a_webhook()))["id"]
    asked = asyncio.create_task(api.ask("POST", f"/channels/{channel}/test"))
    body = await eventually(lambda: world.pool.fetchval("select body from outbox"))
    event = json.loads(body)
    assert event["type"] == "vedette.channel.test.v1"
    await world.delivery(channel, id=UUID(event["data"]["test_id"]), status="sent")
    answer = await asked
    assert (answer.status, answer.body["transition"]) == (200, "test")


async def test_a_test_message_under_way_is_told_where_to_be_found(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_PATIENCE_S", 0.3)
    channel = (await api.create("/channels", a_webhook()))["id"]
    answer = await api.ask("POST", f"/channels/{channel}/test")
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/deliveries/{answer.body['id']}"


async def test_a_message_that_was_not_needed_any_more_is_shown(api: Api, world: World) -> None:
    channel = (await api.create("/channels", a_webhook()))["id"]
    skipped = await world.delivery(channel, status="skipped")
    assert (await api.get(f"/deliveries/{skipped}")).body["status"] == "skipped"
    assert len((await api.get("/deliveries?status=skipped")).body["items"]) == 1


async def test_deliveries_are_listed_newest_first(api: Api, world: World) -> None:
    channel = (await api.create("/channels", a_webhook()))["id"]
    ids = [await world.delivery(channel, at=world.ago(minutes=m)) for m in range(3)]
    failed = await world.delivery(channel, status="failed", at=world.ago(minutes=9))
    first = (await api.get("/deliveries?limit=2")).body
    rest = (await api.get(f"/deliveries?cursor={first['next']}")).body
    assert [one["id"] for one in first["items"] + rest["items"]] == [*ids, failed]
    only = (await api.get(f"/deliveries?status=failed&channel={channel}")).body["items"]
    assert [one["id"] for one in only] == [failed]
    assert (await api.get(f"/deliveries/{failed}")).body["status"] == "failed"


async def test_what_a_digest_tells_of_is_listed(api: Api, world: World) -> None:
    channel = (await api.create("/channels", a_webhook()))["id"]
    digest, member, other = [await world.delivery(channel) for _ in range(3)]
    await world.pool.execute("update delivery set members = 2 where id = $1", UUID(digest))
    await world.pool.execute(
        "update delivery set digest_id = $1 where id = $2", UUID(digest), UUID(member)
    )
    (shown,) = (await api.get(f"/deliveries?digest={digest}")).body["items"]
    assert (shown["id"], shown["digest_id"], shown["members"]) == (member, digest, 0)
    assert (await api.get(f"/deliveries/{digest}")).body["members"] == 2
    assert (await api.get(f"/deliveries/{other}")).body["digest_id"] is None


async def test_an_incident_shows_its_newest_deliveries(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "MOST_DELIVERIES", 2)
    monitor = (await api.create("/monitors", a_monitor()))["id"]
    incident = await world.incident(monitor, world.ago(minutes=9))
    channels = [(await api.create("/channels", a_webhook()))["id"] for _ in range(3)]
    written = [
        await world.delivery(channel, incident=incident, at=world.ago(minutes=3 - number))
        for number, channel in enumerate(channels)
    ]
    shown = (await api.get(f"/incidents/{incident}")).body["deliveries"]
    assert [one["id"] for one in shown] == written[1:]


async def test_incidents_are_listed_newest_first_with_their_deliveries(
    api: Api, world: World
) -> None:
    channel = (await api.create("/channels", a_webhook()))["id"]
    monitor = (await api.create("/monitors", a_monitor()))["id"]
    old = await world.incident(monitor, world.ago(hours=3), recovered=world.ago(hours=1))
    new = await world.incident(monitor, world.ago(minutes=3), number=2)
    sent = await world.delivery(channel, incident=old)
    listed = (await api.get("/incidents")).body["items"]
    assert [one["id"] for one in listed] == [new, old]
    assert [one["duration_s"] for one in listed] == [None, 7200]
    for query, expected in (("open", new), ("resolved", old)):
        found = await api.get(f"/incidents?state={query}&monitor={monitor}")
        assert [one["id"] for one in found.body["items"]] == [expected]
    detail = (await api.get(f"/incidents/{old}")).body
    assert detail["monitor"]["name"] == "Shop"
    assert [one["id"] for one in detail["deliveries"]] == [sent]
