"""What every request meets: keys, limits, bodies, problems, idempotency."""

import asyncio
from io import BytesIO
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pydantic import SecretStr
from tests.gateway.acting import KEY, Api, World, a_monitor

from vedette.core.errors import Transient, VedetteError
from vedette.gateway.bootstrap import ensure_access
from vedette.gateway.service import opened
from vedette.gateway.settings import GatewaySettings
from vedette.runtime.resources import Resources
from vedette.store.cache import MemoryCache
from vedette.store.pool import Pool

Client = TestClient[Any, Any]
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", "Bearer \udcff"]
)
async def test_without_a_good_key_nothing_is_answered(client: Client, authorization: str) -> None:
    headers = {"Authorization": authorization.encode(errors="surrogateescape").decode("latin-1")}
    response = await client.get("/api/v1/monitors", headers=headers)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.content_type == "application/problem+json"
    known = "is not known" in (await response.json())["detail"]
    sent_one = authorization.startswith("Bearer ")
    assert known is sent_one, "who sent a key is not asked for one"


async def test_what_is_not_there_and_what_it_does_not_take(client: Client) -> None:
    missing = await client.get("/api/v1/nothing", headers=AUTHORIZED)
    assert (missing.status, (await missing.json())["status"]) == (404, 404)
    wrong = await client.delete("/api/v1/monitors", headers=AUTHORIZED)
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, POST")


async def test_bodies_that_cannot_be_read(client: Client) -> None:
    async def post(data: bytes, type: str = "application/json") -> int:
        headers = {**AUTHORIZED, "Content-Type": type}
        response = await client.post("/api/v1/monitors", data=BytesIO(data), headers=headers)
        assert response.content_type == "application/problem+json"
        return response.status

    assert await post(b"{") == 400
    assert await post(b"\xff") == 400
    assert await post(b"[]") == 422
    assert await post(b"{}", "text/plain") == 415
    assert await post(b'"' + b"x" * 1_048_576 + b'"') == 413
    assert await post(b'{"name": "a\\u0000", "kind": "http"}') == 422
    deep = b'{"not":' * 900 + b'{"subject":"status","operator":"equals","value":1}' + b"}" * 900
    start = b'{"name":"x","kind":"http","target":{"url":"http://x/"},"assertions":['
    assert await post(start + deep + b"]}") == 422
    nested = b'{"a":' * 300 + b"1" + b"}" * 300
    start = b'{"name":"x","kind":"http","target":{"url":"http://x/","json":'
    assert await post(start + nested + b"}}") == 422
    assert await post(b'{"name":' + b"[" * 1000 + b'"\\u0000"' + b"]" * 1000 + b"}") == 422


async def test_every_wrong_field_is_named(api: Api) -> None:
    wrong = a_monitor(
        name="",
        target={"url": "shop.example", "verb": "GET"},
        interval_s=1,
        surprise=1,
        assertions=[
            {"subject": "status", "operator": "equals", "value": {}},
            {"all": [{"not": {"subject": "body"}}]},
            {"subject": "status", "operator": "contains", "value": 1},
        ],
    )
    refused = await api.ask("POST", "/monitors", wrong)
    assert refused.status == 422
    assert sorted(refused.fields) == [
        "assertions[0].value",
        "assertions[1].all[0].not.operator",
        "assertions[2]",
        "interval_s",
        "name",
        "surprise",
        "target.url",
        "target.verb",
    ]
    messages = {error["field"]: error["message"] for error in refused.body["errors"]}
    assert messages["target.url"].startswith("a URL starts with http:// or https://")


async def test_query_parameters_are_checked(api: Api) -> None:
    for query, field in [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=W10", "cursor"),
        ("state=sleeping", "state"),
        ("stat=up", "stat"),
        ("limit=1&limit=2", "limit"),
        ("q=%00", "q"),
    ]:
        refused = await api.get(f"/monitors?{query}")
        assert (refused.status, refused.fields) == (400, [field]), query


async def test_ids_that_are_none_name_nothing(api: Api) -> None:
    for path in ("monitors", "channels", "incidents", "deliveries"):
        assert (await api.get(f"/{path}/nothing")).status == 404


async def test_a_create_with_the_same_key_happens_once(api: Api, world: World) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await api.ask("POST", "/monitors", a_monitor(), headers=key)
    again = await api.ask("POST", "/monitors", a_monitor(), headers=key)
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.ask("POST", "/monitors", a_monitor(name="Other"), headers=key)
    assert other.status == 422
    assert await world.events() == ["monitor.created"]


async def test_a_refused_create_does_not_use_up_its_key(api: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    assert (await api.ask("POST", "/monitors", {}, headers=key)).status == 422
    assert (await api.ask("POST", "/monitors", a_monitor(), headers=key)).status == 201


async def test_of_creates_at_once_one_is_done(api: Api, world: World) -> None:
    key = {"Idempotency-Key": "k1"}
    requests = [api.ask("POST", "/monitors", a_monitor(), headers=key) for _ in range(5)]
    statuses = [answer.status for answer in await asyncio.gather(*requests)]
    assert set(statuses) <= {201, 409}
    assert await world.events() == ["monitor.created"]


class TestLimits:
    @pytest.fixture
    def settings(self, settings: GatewaySettings) -> GatewaySettings:
        return settings.model_copy(update={"rate_limit": 2})

    async def test_a_key_may_make_so_many_requests(self, api: Api) -> None:
        statuses = [(await api.get("/monitors")).status for _ in range(2)]
        refused = await api.get("/monitors")
        assert statuses == [200, 200]
        assert refused.status == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60


class AbsentCache(MemoryCache):
    async def increment(self, key: str, ttl_s: int) -> int:
        raise Transient("cache: away")

    async def add(self, key: str, value: bytes, ttl_s: int) -> bool:
        raise Transient("cache: away")


class TestWithoutCache:
    @pytest.fixture
    def resources(self, resources: Resources) -> Resources:
        return Resources(
            instance="test", bus=resources.bus, drain_s=1, _pool=resources.pool,
            _cache=AbsentCache(),
        )  # fmt: skip

    async def test_requests_pass_but_a_promise_cannot_be_kept(self, api: Api) -> None:
        assert (await api.get("/monitors")).status == 200
        key = {"Idempotency-Key": "k1"}
        refused = await api.ask("POST", "/monitors", a_monitor(), headers=key)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "2")


async def test_a_database_out_of_reach_is_said_so(api: Api, pool: Pool) -> None:
    assert (await api.get("/monitors")).status == 200
    await pool.close()
    refused = await api.get("/monitors")
    assert refused.status == 503
    assert "Retry-After" in refused.headers


async def test_two_gateways_start_at_once(pool: Pool) -> None:
    await asyncio.gather(*(ensure_access(pool, SecretStr(KEY)) for _ in range(4)))
    assert await pool.fetchval("select count(*) from workspace") == 1
    assert await pool.fetchval("select count(*) from api_key") == 1


async def test_a_new_bootstrap_key_replaces_the_old_one(pool: Pool) -> None:
    for key in (KEY, "another key of the tests", KEY):
        await ensure_access(pool, SecretStr(key))
    good = await pool.fetch("select hash from api_key where revoked_at is null")
    assert len(good) == 1
    await ensure_access(pool, None)


async def test_nobody_could_ask_anything(pool: Pool) -> None:
    with pytest.raises(VedetteError, match="VEDETTE_API_KEY"):
        await ensure_access(pool, None)
    with pytest.raises(VedetteError, match="16"):
        await ensure_access(pool, SecretStr("short"))


async def test_without_a_secret_key_it_does_not_start(resources: Resources) -> None:
    with pytest.raises(VedetteError, match="VEDETTE_SECRET_KEY is not set"):
        async with opened(GatewaySettings(api_key=SecretStr(KEY)), resources):
            pass


async def test_health_and_metrics_need_no_key(client: Client, api: Api) -> None:
    await api.create("/monitors", a_monitor())
    assert (await client.get("/health")).status == 200
    assert (await client.get("/health/ready")).status == 200
    text = await (await client.get("/metrics")).text()
    assert "active_monitors 1.0" in text
    assert 'vedette_queue_depth{queue="jobs.default"} 0.0' in text
    assert 'http_requests_total{method="POST",route="/api/v1/monitors",status="201"}' in text
    document = await (await client.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
