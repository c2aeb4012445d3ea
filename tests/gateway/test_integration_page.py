"""The status screen, on a real database."""

import re
from base64 import b64encode
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from tests.gateway.acting import KEY, Api, World, a_monitor

from vedette.gateway.settings import GatewaySettings
from vedette.store.pool import Pool

Client = TestClient[Any, Any]


def basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'me:{password}'.encode()).decode()}"}


async def read(client: Client, query: str = "") -> str:
    """The page's text, without its tags."""
    response = await client.get(f"/{query}")
    assert response.status == 200
    body = re.sub(r"<style.*?</style>", "", await response.text(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


async def test_an_empty_installation_is_shown_how_to_begin(client: Client) -> None:
    page = await read(client)
    assert "Nothing is watched yet" in page
    assert page.count("curl ") == 3
    assert f"http://127.0.0.1:{client.port}/api/v1/monitors" in page


async def test_it_says_what_is_down_and_why(client: Client, api: Api, world: World) -> None:
    good = (await api.create("/monitors", a_monitor(name="Good")))["id"]
    bad = (await api.create("/monitors", a_monitor(name="<b>Bad</b>")))["id"]
    since = world.ago(hours=6)
    for id in (good, bad):
        await world.born(id, world.ago(days=1))
    await world.standing(good, "up", world.ago(days=1))
    await world.spans(good, ("up", world.ago(days=1)))
    last = {"outcome": "down", "reason": "status", "facts": {"status": 503}, "duration_ms": 81.2}
    await world.standing(bad, "down", since, last_check=last)
    await world.spans(bad, ("up", world.ago(days=1)), ("down", since))
    await world.incident(bad, since)
    page = await read(client)
    assert "1 of 2 is down" in page
    assert "&lt;b&gt;Bad&lt;/b&gt; : the connection was refused" in page
    assert "down · status 503 · 81 ms it answered with an unexpected status" in page
    assert "74.99 %" in page or "75.00 %" in page
    assert page.index("Down") < page.index("Up")


async def test_it_says_what_each_region_saw(client: Client, api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor(regions=["fra", "nyc", "sgp"])))["id"]
    votes = [{"region": "fra", "outcome": "down"}, {"region": "nyc", "outcome": "internal_error"}]
    last = {"outcome": "down", "reason": "status", "votes": [*votes, {"region": "sgp"}]}
    await world.standing(id, "up", world.ago(days=1), last_check=last)
    assert "fra down · nyc internal error · sgp –" in await read(client)


async def test_it_admits_what_it_does_not_see(client: Client, api: Api, world: World) -> None:
    id = (await api.create("/monitors", a_monitor()))["id"]
    await world.standing(id, "up", world.ago(days=1), last_vote=world.ago(hours=2))
    page = await read(client)
    assert "1 has not been seen for a while" in page
    assert "No check has seen any target since" in page
    assert "Not seen" in page


async def test_without_its_database_it_says_so(client: Client, pool: Pool) -> None:
    await pool.close()
    response = await client.get("/")
    assert response.status == 503
    assert "The database can’t be reached" in await response.text()


async def test_many_monitors_are_shown_page_by_page(client: Client, api: Api, world: World) -> None:
    await api.create("/monitors", a_monitor(name="x" * 200))
    await world.pool.execute(
        "insert into monitor (id, workspace_id, shard, spec, target)"
        " select gen_random_uuid(), workspace_id, shard, spec, target"
        " from monitor, generate_series(1, 249)"
    )
    first, last = await read(client), await read(client, "?page=3")
    for page in (first, last):
        assert "250 monitors wait for a first check" in page
    assert (first.count("x" * 200), last.count("x" * 200)) == (100, 50)
    assert "Page 1 of 3 Next" in first
    assert "Previous Page 3 of 3" in last
    assert "Page 3 of 3" in await read(client, "?page=99&from=elsewhere")


@pytest.mark.parametrize("page", ["0", "second", "1&page=2", "99999999999999999999"])
async def test_a_page_has_a_number(client: Client, page: str) -> None:
    answer = await client.get(f"/?page={page}")
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (400, "page")


async def test_the_page_runs_nothing_and_is_framed_by_nobody(client: Client) -> None:
    headers = (await client.get("/")).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "vedette.example"},
        {"Host": "localhost.example"},
        {"Host": "localhost", "X-Forwarded-For": "192.0.2.1"},
        {"Host": "localhost", "Forwarded": "for=192.0.2.1"},
        {"Host": "127.0.0.1:8080", "Via": "1.1 proxy"},
        {"Host": "localhost", **basic("wrong")},
        {"Host": "localhost", "Authorization": "Basic ?"},
    ],
)
async def test_strangers_are_asked_for_the_key(client: Client, headers: dict[str, str]) -> None:
    response = await client.get("/", headers=headers)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:8080"])
async def test_who_sits_here_is_not(client: Client, host: str) -> None:
    assert (await client.get("/", headers={"Host": host})).status == 200


async def test_the_key_opens_it_from_anywhere(client: Client) -> None:
    headers = {"Host": "vedette.example", **basic(KEY)}
    assert (await client.get("/", headers=headers)).status == 200


class TestPublished:
    @pytest.fixture
    def settings(self, settings: GatewaySettings) -> GatewaySettings:
        return settings.model_copy(update={"public_url": "https://vedette.example/"})

    async def test_a_published_screen_always_asks(self, client: Client) -> None:
        assert (await client.get("/")).status == 401
        page = await (await client.get("/", headers=basic(KEY))).text()
        assert "https://vedette.example/api/v1/monitors" in page


async def test_it_says_which_regions_can_not_check(client: Client, api: Api, world: World) -> None:
    await world.unhealthy("eu", "no prober of region eu was heard of")
    await world.unhealthy("us", "nobody of this workspace needs it")
    for _ in range(2):
        await api.create("/monitors", a_monitor(regions=["eu"]))
    page = await read(client)
    assert "Region eu can’t check its 2 monitors since" in page
    assert "no prober of region eu was heard of." in page
    assert "Region us" not in page
