"""Kind domain over WHOIS, with stand-ins of the root, a registry and a registrar."""

from __future__ import annotations

import asyncio
from asyncio import StreamWriter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from tests.prober.registering import World, in_days, registries, trouble

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard

NAME = "example.ru"
LATER = "9997-01-02T00:00:00Z"


@pytest_asyncio.fixture
async def world(context: Context) -> AsyncIterator[World]:
    async with registries(context) as world:
        yield world


async def test_where_there_is_no_rdap_service(world: World) -> None:
    world.registry.answers[NAME] = (
        "% By submitting a query you agree to our terms\r\n\r\n"
        "domain:        EXAMPLE.RU\r\nnserver:       ns1.example.ru. 192.0.2.1\r\n"
        "nserver:       ns2.example.ru.\r\nstate:         REGISTERED, DELEGATED\r\n"
        f"registrar:     NAMES-RU\r\npaid-till:     {in_days(200)}\r\n"
    )
    seen = await world.look(NAME)
    assert seen.trouble is None
    domain = seen.subjects["domain"]
    assert domain["days_left"] == pytest.approx(200, abs=0.01)
    assert domain["registrar"] == "NAMES-RU"
    assert domain["nameservers"] == ["ns1.example.ru", "ns2.example.ru"]
    assert domain["status"] == ["registered, delegated"]
    assert seen.facts["domain_source"] == f"WHOIS {world.registry.name}"
    assert (world.root.asked, world.registry.asked) == (["ru"], [NAME])


async def test_the_root_is_asked_once_for_a_suffix(world: World) -> None:
    for name in (NAME, "other.ru"):
        world.registry.answers[name] = f"domain: {name}\npaid-till: {LATER}\n"
        assert (await world.look(name)).trouble is None
    assert (world.root.asked, world.registry.asked) == (["ru"], [NAME, "other.ru"])


async def test_a_registrar_is_asked_if_the_registry_tells_no_date(world: World) -> None:
    world.registry.answers[NAME] = (
        f"   Domain Name: EXAMPLE.RU\n   Registrar WHOIS Server: {world.registrar.name}\n"
    )
    world.registrar.answers[NAME] = (
        f"Domain Name: example.ru\nRegistrar Registration Expiration Date: {LATER}\n"
        "Registrar WHOIS Server: whois.example.invalid\nRegistrar: Names & Sons\n"
        "Domain Status: clientTransferProhibited https://icann.org/epp#clientTransferProhibited\n"
        "Domain Status: ok (https://icann.org/epp#ok)\n"
    )
    seen = await world.look(NAME)
    assert seen.trouble is None
    assert seen.facts["domain_source"] == f"WHOIS {world.registrar.name}"
    assert seen.subjects["domain"]["status"] == ["client transfer prohibited", "active"]


async def test_a_third_server_is_not_asked(world: World) -> None:
    refers = "Domain Name: example.ru\nRegistrar WHOIS Server: {}\n"
    world.registry.answers[NAME] = refers.format(world.registrar.name)
    world.registrar.answers[NAME] = refers.format(world.registry.name)
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert "does not tell when example.ru expires" in message
    assert len(world.registry.asked) == len(world.registrar.asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        'No match for domain "EXAMPLE.RU".',
        "No match!!",
        "NOT FOUND",
        "Domain not found.",
        "% No entries found for the selected source(s).",
        "%ERROR:101: no entries found\n%\n% No entries found.",
        "No Data Found",
        "Status: free",
        "Domain: example.ru\nStatus: AVAILABLE",
        "Domain Status: No Object Found",
        "example.ru is free",
        "% nothing found",
        "This domain name has not been registered.",
        "The domain has not been registered.",
        "Domain example.ru is available for registration",
        "The queried object does not exist: DOMAIN NOT FOUND",
        "    No match for example.ru",
    ],
)
async def test_a_domain_that_does_not_exist_is_down(world: World, said: str) -> None:
    world.registry.answers[NAME] = f"% Terms of use: none whatsoever\n\n{said}\n"
    reason, message = trouble(await world.look(NAME, min_days_left=None))
    assert reason is Reason.REGISTRATION
    assert message == f"{NAME} is not registered, says WHOIS {world.registry.name}"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "can't be read: ''"),
        ("Hello there", "can't be read: 'Hello there'"),
        ("\x00\xff\n" * 500, "can't be read: "),
        ("domain: other.ru\n", "can't be read: 'domain: other.ru'"),
        ("domain: example.ru\npaid-till: soon\n", "date of expiry that can't be read: 'soon'"),
        ("domain: example.ru\npaid-till: 03-04-2030\n", "can't be read: '03-04-2030'"),
        ("WHOIS LIMIT EXCEEDED - SEE WWW.EXAMPLE.ORG", "does not answer so often"),
        ("% Connection refused; access control limit reached.", "does not answer so often"),
        ("You exceeded the maximum allowable number of look-ups", "does not answer so often"),
    ],
)
async def test_what_can_t_be_read_is_no_fault_of_the_domain(
    world: World, said: str, words: str
) -> None:
    world.registry.answers[NAME] = said.encode("latin-1")
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert words in message
    await world.look(NAME)
    assert len(world.registry.asked) == 1


async def test_a_suffix_without_any_service(world: World) -> None:
    world.root.answers["it"] = "domain: IT\nwhois:\nstatus: ACTIVE\n"
    reason, message = trouble(await world.look("example.it"))
    assert reason is Reason.INTERNAL_ERROR
    assert "neither an RDAP nor a WHOIS service for .it" in message


@pytest.mark.parametrize("server", ["not a host", "127.0.0.1:99999", "http://127.0.0.1/"])
async def test_a_referral_to_no_server(world: World, server: str) -> None:
    world.root.answers["it"] = f"whois: {server}\n"
    reason, message = trouble(await world.look("example.it"))
    assert reason is Reason.INTERNAL_ERROR
    assert "is no WHOIS server" in message


async def test_a_server_that_is_not_there(world: World) -> None:
    world.root.answers["it"] = "whois: 127.0.0.1:1\n"
    reason, message = trouble(await world.look("example.it"))
    assert reason is Reason.INTERNAL_ERROR
    assert "asking the WHOIS server 127.0.0.1:1: connect to 127.0.0.1:1 refused" in message


async def test_the_guard_holds_for_referrals(world: World) -> None:
    world.root.answers["it"] = "whois: 127.0.0.2:43\n"
    guard = Guard("127.0.0.2/32")
    guarded = replace(world, context=replace(world.context, guard=guard))
    reason, message = trouble(await guarded.look("example.it"))
    assert reason is Reason.FORBIDDEN_TARGET
    assert "127.0.0.2 must not be checked from here" in message


async def test_a_server_that_says_nothing(world: World) -> None:
    async def wait(_: StreamWriter) -> None:
        await asyncio.Event().wait()

    world.registry.answers[NAME] = wait
    reason, message = trouble(await world.look(NAME, timeout_s=0.2))
    assert reason is Reason.INTERNAL_ERROR
    assert "took longer than 0.2 s" in message


async def test_a_flood_is_cut(world: World) -> None:
    async def flood(writer: StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    world.registry.answers[NAME] = flood
    reason, message = trouble(await world.look(NAME))
    assert reason is Reason.INTERNAL_ERROR
    assert "sent more than" in message
