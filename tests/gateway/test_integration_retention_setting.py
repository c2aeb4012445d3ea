"""Saying how long what was seen is kept, through the API."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gateway.acting import Api, World

PATH = "/settings/retention"
DEFAULTS = {"checks_days": 90, "evidence_days": 180, "longest_days": 400}


async def test_at_first_the_defaults_hold(api: Api) -> None:
    answer = await api.get(PATH)
    assert (answer.status, answer.headers["ETag"]) == (200, '"0"')
    assert answer.body == {
        "checks_days": None, "evidence_days": None, "tags": {}, "defaults": DEFAULTS,
        "version": 0, "updated_at": None,
    }  # fmt: skip


async def test_what_is_put_holds_for_this_workspace(api: Api, world: World) -> None:
    spec = {"checks_days": 30, "tags": {"production": {"checks_days": 365}}}
    answer = await api.ask("PUT", PATH, spec)
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert answer.body["tags"] == {"production": {"checks_days": 365, "evidence_days": None}}
    stored = await world.pool.fetchrow("select * from retention")
    assert stored is not None
    assert (stored["workspace_id"], stored["spec"]["checks_days"]) == (world.workspace, 30)
    stranger = Api(api.client, await world.another_key())
    assert (await stranger.get(PATH)).body["checks_days"] is None


async def test_what_was_read_can_be_put_back_and_changes_nothing(api: Api) -> None:
    await api.ask("PUT", PATH, {"evidence_days": 7})
    read = (await api.get(PATH)).body
    again = await api.ask("PUT", PATH, read)
    assert (again.status, again.body["version"], again.body) == (200, 1, read)


async def test_a_change_of_a_version_that_is_gone_is_refused(api: Api) -> None:
    first = await api.ask("PUT", PATH, {"checks_days": 5}, headers={"If-Match": '"0"'})
    assert first.status == 200
    late = await api.ask("PUT", PATH, {"checks_days": 6}, headers={"If-Match": '"0"'})
    assert late.status == 412
    good = await api.ask("PUT", PATH, {"checks_days": 6}, headers={"If-Match": '"1"'})
    assert (good.status, good.headers["ETag"]) == (200, '"2"')


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"checks_days": 0}, "checks_days"),
        ({"checks_days": 401}, "checks_days"),
        ({"evidence_days": 401}, "evidence_days"),
        ({"checks_days": "a while"}, "checks_days"),
        ({"tags": {"a": {"checks_days": 9999}}}, "tags.a.checks_days"),
        ({"tags": {"a": {"checks_days": 401}}}, "tags.a.checks_days"),
        ({"tags": {"a": {"days": 1}}}, "tags.a.days"),
        ({"tags": ["a"]}, "tags"),
        ({"days": 1}, "days"),
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, spec: dict[str, Any], field: str) -> None:
    refused = await api.ask("PUT", PATH, spec)
    assert (refused.status, refused.fields) == (422, [field])
