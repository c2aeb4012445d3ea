"""Kind domain over RDAP, with a stand-in of a registry's service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import ValidationError
from tests.prober.registering import World, in_days, registries, trouble

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard
from vedette.prober.registration.registries import Registries
from vedette.prober.settings import ProberSettings
from vedette.testing.registry import rdap_domain

NAME = "example.com"


@pytest_asyncio.fixture
async def world(context: Context) -> AsyncIterator[World]:
    async with registries(context) as world:
        yield world


async def test_a_registered_domain(world: World) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME, in_days(200))
    seen = await world.look(NAME)
    assert seen.trouble is None
    domain = seen.subjects["domain"]
    assert domain["days_left"] == pytest.approx(200, abs=0.01)
    assert domain["expires_at"] == seen.facts["domain_expires_at"]
    assert domain["registrar"] == "Names & Sons"
    assert domain["status"] == ["active"]
    assert domain["nameservers"] == ["ns1.example.com"]
    assert seen.facts["domain_source"] == f"RDAP {world.rdap.url}/rdap/"
    assert seen.facts["domain_cached"] is False
    assert world.rdap.asked == [NAME]
    assert not world.root.asked


async def test_the_registry_is_asked_once(world: World) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME, in_days(200))
    await world.look(NAME)
    for seen in await asyncio.gather(*[world.look(NAME) for _ in range(5)]):
        assert seen.trouble is None
        assert seen.facts["domain_cached"] is True
    assert (world.rdap.asked, world.rdap.listed) == ([NAME], 1)


async def test_checks_at_once_wait_for_one_answer(world: World) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME, in_days(200))
    seen = await asyncio.gather(*[world.look(NAME) for _ in range(5)])
    assert all(one.trouble is None for one in seen)
    assert world.rdap.asked == [NAME]


async def test_a_domain_that_expires_soon_is_down(world: World) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME, in_days(29.5))
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.REGISTRATION
    assert "expires in 29.5 days" in message
    assert "fewer than 30" in message
    assert (await world.look(NAME, min_days_left=29)).trouble is None
    assert (await world.look(NAME, min_days_left=None)).trouble is None


async def test_an_expired_domain_is_down(world: World) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME, "2020-02-29T12:00:00+02:00")
    reason, message = trouble(await world.look(NAME, min_days_left=0))
    assert (reason, message) == (Reason.REGISTRATION, "example.com expired on 2020-02-29")


@pytest.mark.parametrize("status", ["pending delete", "redemption period", "client hold"])
async def test_a_domain_out_of_the_dns_is_down(world: World, status: str) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME, in_days(300), status=["inactive", status])
    reason, message = trouble(await world.look(NAME, min_days_left=None))
    assert (reason, message) == (Reason.REGISTRATION, f"the status of {NAME} is {status!r}")


async def test_a_domain_that_does_not_exist_is_down(world: World) -> None:
    reason, message = trouble(await world.look(NAME, min_days_left=None))
    assert reason is Reason.REGISTRATION
    assert message.startswith("example.com is not registered, says RDAP http://127.0.0.1")


async def test_a_registry_that_tells_no_date(world: World) -> None:
    world.rdap.domains[NAME] = rdap_domain(NAME)
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert "min_days_left must be null" in message
    assert (await world.look(NAME, min_days_left=None)).trouble is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"objectClassName": "entity"}, "did not answer with a domain"),
        (rdap_domain("example.net", "2030-01-01T00:00:00Z"), "another domain, 'EXAMPLE.NET'"),
        (rdap_domain(NAME, "next year"), "can't be read: 'next year'"),
        (rdap_domain(NAME, "2030-01-01T00:00:00"), "can't be read: '2030-01-01T00:00:00'"),
        (rdap_domain(NAME, "9999-12-31T23:59:59-23:00"), "can't be read: '9999"),
    ],
)
async def test_what_can_t_be_read_is_no_fault_of_the_domain(
    world: World, said: dict[str, object], words: str
) -> None:
    world.rdap.domains[NAME] = said
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert words in message


async def test_odd_parts_are_passed_over(world: World) -> None:
    odd = {"entities": [7, {"roles": ["registrar"], "vcardArray": ["vcard", [["fn"], 3]]}]}
    world.rdap.domains[NAME] = rdap_domain(NAME, in_days(90), **odd, status=[None], nameservers=[1])
    seen = await world.look(NAME)
    assert seen.trouble is None
    assert seen.subjects["domain"]["registrar"] is None


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
async def test_a_registry_that_gives_no_answer(world: World, status: int) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, text="come back later", headers={"Retry-After": "900"})

    world.rdap.instead = refuse
    for _ in range(2):
        reason, message = trouble(await world.look(NAME))
        assert reason is Reason.INTERNAL_ERROR
        assert f"HTTP status {status}" in message
        assert "come back later" in message
    assert world.rdap.asked == [NAME]  # a failure is kept for a while, too


async def test_garbage(world: World) -> None:
    async def babble(_: web.Request) -> web.Response:
        return web.Response(body=b"\xff\x00{[" * 1000)

    world.rdap.instead = babble
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert "did not answer with a domain" in message
    assert len(message) < 1000


async def test_a_check_ends_in_time_and_the_look_up_goes_on(world: World) -> None:
    going_on = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await going_on.wait()
        return web.json_response(rdap_domain(NAME, in_days(100)))

    world.rdap.instead = wait
    reason, message = trouble(await world.look(NAME, timeout_s=0.2))
    assert reason is Reason.INTERNAL_ERROR
    assert "took longer than 0.2 s" in message
    going_on.set()
    assert (await world.look(NAME)).trouble is None
    assert world.rdap.asked == [NAME]


async def test_redirects_are_followed(world: World) -> None:
    world.rdap.domains["other.com"] = rdap_domain(NAME, in_days(100))

    async def elsewhere(_: web.Request) -> web.Response:
        world.rdap.instead = None
        raise web.HTTPFound(f"{world.rdap.url}/rdap/domain/other.com")

    world.rdap.instead = elsewhere
    assert (await world.look(NAME)).trouble is None


async def test_the_guard_holds_for_registries(world: World) -> None:
    guarded = replace(world, context=replace(world.context, guard=Guard("loopback")))
    reason, message = trouble(await guarded.look(NAME))
    assert reason is Reason.FORBIDDEN_TARGET
    assert "127.0.0.1 must not be checked from here" in message
    assert not world.rdap.listed


async def test_no_list_of_services(world: World) -> None:
    nowhere = Registries("http://127.0.0.1:1/dns.json", world.root.name)
    reason, message = trouble(
        await replace(world, context=replace(world.context, registries=nowhere)).look(NAME)
    )
    assert reason is Reason.INTERNAL_ERROR
    assert message.startswith("http://127.0.0.1:1/dns.json: ")


@pytest.mark.parametrize("services", [7, [[["com"], []]], [["com"]], [[["com"], [7]]]])
async def test_a_list_that_can_t_be_read(world: World, services: object) -> None:
    world.rdap.services = services
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert "the list of RDAP services" in message


async def test_of_several_addresses_one_with_tls_and_the_longest_suffix(world: World) -> None:
    world.rdap.services = [
        [["com"], ["http://plain.invalid/"]],
        [["example.com"], ["http://127.0.0.1:1/", "https://127.0.0.1:2/x"]],
    ]
    _, message = trouble(await world.look(NAME))
    assert message.startswith("https://127.0.0.1:2/x/domain/example.com: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prober_rdap_bootstrap", "data.iana.org/rdap/dns.json"),
        ("prober_whois_root", "not a host"),
        ("prober_whois_root", "whois.iana.org:0"),
        ("prober_whois_root", "https://whois.iana.org"),
    ],
)
def test_where_to_begin_is_checked_at_the_start(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ProberSettings.model_validate({name: value})
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_where_to_begin_by_default() -> None:
    registries = ProberSettings().registries()
    assert registries.rdap_bootstrap == "https://data.iana.org/rdap/dns.json"
    assert registries.whois_root == "whois.iana.org"
