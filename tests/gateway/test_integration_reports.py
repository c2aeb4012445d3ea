"""Reports come in, by the address of a monitor or by the API."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from tests.gateway.acting import Api, a_monitor

from vedette.gateway.store import reports
from vedette.store.pool import Pool

Client: TypeAlias = "TestClient[web.Request, web.Application]"


def a_heartbeat(**fields: Any) -> dict[str, Any]:
    return {"name": "Backup", "kind": "heartbeat", "target": {"every_s": 60}, **fields}


def a_push(**fields: Any) -> dict[str, Any]:
    return {"name": "Batch", "kind": "push", "target": {}, **fields}


async def listed(api: Api, monitor: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await api.get(f"/monitors/{monitor['id']}/reports")
    items: list[dict[str, Any]] = answer.body["items"]
    return items


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_job_reports_by_its_address(api: Api, client: Client, method: str) -> None:
    job = await api.create("/monitors", a_heartbeat())
    async with client.request(method, job["ping_url"]) as answer:
        assert answer.status == 200
        assert answer.headers["Ping-Body-Limit"] == "100000"
        assert await answer.text() == ("" if method == "HEAD" else "OK")
    (report,) = await listed(api, job)
    assert (report["signal"], report["method"], report["body"]) == ("success", method, None)
    assert report["source"] == "127.0.0.1"


async def test_signals_exit_statuses_and_runs_are_kept(api: Api, client: Client) -> None:
    job = await api.create("/monitors", a_heartbeat())
    run = "3f1f6b6e-0a56-4a43-9f0c-3a3c4b1f9f10"
    for path in (f"/start?rid={run}", f"/3?rid={run}", "/fail", "/log", "/0"):
        assert (await client.get(job["ping_url"] + path)).status == 200
    found = [(r["signal"], r["exit_status"], r["run"]) for r in await listed(api, job)]
    assert found == [
        ("success", 0, ""),
        ("log", None, ""),
        ("fail", None, ""),
        ("fail", 3, run),
        ("start", None, run),
    ]


@pytest.mark.parametrize("path", ["/256", "/stop", "?rid=tonight", "/start?rid=1"])
async def test_an_address_that_says_nothing_is_refused(api: Api, client: Client, path: str) -> None:
    job = await api.create("/monitors", a_heartbeat())
    answer = await client.get(job["ping_url"] + path)
    assert answer.status == 400
    assert (await answer.text()).startswith("invalid")
    assert await listed(api, job) == []


async def test_a_body_is_kept_up_to_its_limit(api: Api, client: Client) -> None:
    job = await api.create("/monitors", a_heartbeat())
    body = b"\0\xff" + b"x" * 3_000_000
    assert (await client.post(job["ping_url"], data=BytesIO(body))).status == 200
    (report,) = await listed(api, job)
    assert report["body"] == "\0�" + "x" * 99_998


async def test_a_report_with_a_body_that_hangs_counts(
    api: Api, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.gateway.pings._BODY_PATIENCE_S", 0.2)
    job = await api.create("/monitors", a_heartbeat())
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = f"POST {job['ping_url']} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b"so far")
    answer = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert b"200" in answer
    (report,) = await listed(api, job)
    assert report["body"] == "so far"


async def test_unknown_deleted_and_other_monitors_take_no_ping(api: Api, client: Client) -> None:
    job = await api.create("/monitors", a_heartbeat())
    pushed = await api.create("/monitors", a_push())
    await api.ask("DELETE", f"/monitors/{job['id']}")
    token = pushed["ping_url"].rpartition("/")[2]
    for path in (job["ping_url"], "/ping/nobody", f"/ping/{token}", "/ping/%00"):
        answer = await client.get(path)
        assert (answer.status, await answer.text()) == (404, "not found")


async def test_a_paused_job_may_go_on_reporting(api: Api, client: Client) -> None:
    job = await api.create("/monitors", a_heartbeat())
    await api.ask("POST", f"/monitors/{job['id']}/pause")
    assert (await client.get(job["ping_url"])).status == 200
    assert len(await listed(api, job)) == 1


async def test_an_edit_keeps_the_address(api: Api) -> None:
    job = await api.create("/monitors", a_heartbeat())
    answer = await api.ask("PUT", f"/monitors/{job['id']}", {**job, "name": "Nightly"})
    assert (answer.status, answer.body["ping_url"]) == (200, job["ping_url"])
    assert answer.body["name"] == "Nightly"


async def test_what_others_push_is_taken_in_their_grammar(api: Api, client: Client) -> None:
    pushed = await api.create("/monitors", a_push())
    good = await client.get(f"{pushed['ping_url']}?status=down&msg=disk+full&ping=12.5")
    assert (good.status, await good.json()) == (200, {"ok": True})
    (report,) = await listed(api, pushed)
    assert (report["signal"], report["message"], report["duration_ms"]) == (
        "down",
        "disk full",
        12.5,
    )
    for path in (f"{pushed['ping_url']}?ping=-1", "/api/push/nobody"):
        refused = await client.get(path)
        assert refused.status == 404
        assert (await refused.json())["ok"] is False


async def test_a_result_is_handed_in_by_the_api(api: Api) -> None:
    pushed = await api.create("/monitors", a_push())
    path = f"/monitors/{pushed['id']}/results"
    taken = await api.ask("POST", path, {"outcome": "degraded", "message": "slow"})
    assert taken.status == 202
    (report,) = await listed(api, pushed)
    assert (report["signal"], report["message"]) == ("degraded", "slow")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"outcome": "banana"}, "outcome"),
        ({}, "outcome"),
        ({"outcome": "up", "duration_ms": -1}, "duration_ms"),
        ({"outcome": "up", "extra": 1}, "extra"),
    ],
)
async def test_a_wrong_result_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    pushed = await api.create("/monitors", a_push())
    refused = await api.ask("POST", f"/monitors/{pushed['id']}/results", body)
    assert (refused.status, refused.fields) == (422, [field])


async def test_only_a_push_that_is_not_paused_takes_results(api: Api) -> None:
    shop = await api.create("/monitors", a_monitor())
    pushed = await api.create("/monitors", a_push())
    await api.ask("POST", f"/monitors/{pushed['id']}/pause")
    for monitor in (shop, pushed):
        path = f"/monitors/{monitor['id']}/results"
        assert (await api.ask("POST", path, {"outcome": "up"})).status == 409
    nobody = await api.ask("POST", f"/monitors/{UUID(int=1)}/results", {"outcome": "up"})
    assert nobody.status == 404


async def test_a_probed_monitor_has_no_address(api: Api) -> None:
    assert (await api.create("/monitors", a_monitor()))["ping_url"] is None


async def test_members_must_exist_and_make_no_circle(api: Api) -> None:
    shop = await api.create("/monitors", a_monitor())

    def a_group(*members: str) -> dict[str, Any]:
        return {"name": "All", "kind": "group", "target": {"members": list(members)}}

    unknown = await api.ask("POST", "/monitors", a_group(shop["id"], str(UUID(int=1))))
    assert (unknown.status, unknown.fields) == (422, ["target.members[1]"])
    inner = await api.create("/monitors", a_group(shop["id"]))
    outer = await api.create("/monitors", a_group(inner["id"]))
    for members in ((outer["id"],), (inner["id"],)):
        circle = await api.ask("PUT", f"/monitors/{inner['id']}", a_group(*members))
        assert (circle.status, circle.fields) == (422, ["target.members"])


async def test_a_monitor_does_not_go_over_to_being_told(api: Api) -> None:
    shop = await api.create("/monitors", a_monitor())
    refused = await api.ask("PUT", f"/monitors/{shop['id']}", a_heartbeat())
    assert (refused.status, refused.fields) == (422, ["kind"])


async def test_there_is_no_one_off_check_of_what_is_told(api: Api) -> None:
    refused = await api.ask("POST", "/check", a_heartbeat())
    assert (refused.status, refused.fields) == (422, ["kind"])


async def _since(pool: Pool) -> Any:
    return await pool.fetchval("select since from listening")


async def test_listening_goes_on_while_some_gateway_listens(pool: Pool) -> None:
    await reports.listen(pool, "a")  # type: ignore[arg-type]
    begun = await _since(pool)
    await reports.listen(pool, "b")  # type: ignore[arg-type]
    await reports.listen(pool, "a")  # type: ignore[arg-type]
    await pool.execute("update gateway_instance set seen_at = now() - interval '1 minute'"
                       " where id = 'a'")  # fmt: skip
    await reports.listen(pool, "a")  # type: ignore[arg-type]
    assert await _since(pool) == begun


async def test_a_short_restart_of_the_only_gateway_is_no_break(pool: Pool) -> None:
    await reports.listen(pool, "a")  # type: ignore[arg-type]
    begun = await _since(pool)
    await reports.listen(pool, "b")  # type: ignore[arg-type]
    assert await _since(pool) == begun


async def test_listening_begins_anew_when_the_only_gateway_was_away(pool: Pool) -> None:
    await reports.listen(pool, "a")  # type: ignore[arg-type]
    begun = await _since(pool)
    await pool.execute("update gateway_instance set seen_at = now() - interval '11 seconds'")
    await reports.listen(pool, "b")  # type: ignore[arg-type]
    restarted = await _since(pool)
    assert restarted > begun
    # … or could not reach the database for a while.
    await pool.execute("update gateway_instance set seen_at = now() - interval '11 seconds'")
    await reports.listen(pool, "b")  # type: ignore[arg-type]
    assert await _since(pool) > restarted
