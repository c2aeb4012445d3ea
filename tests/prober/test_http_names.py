"""Host names, against a name server of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from tests.prober.support import OK, closed_port, look, naming, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.names import Resolver

LONG = "a" * 64 + ".example"


@asynccontextmanager
async def asking(context: Context, nameserver: str) -> AsyncIterator[Context]:
    resolver = Resolver([nameserver])
    yield replace(context, resolver=resolver)
    await resolver.close()


async def test_a_name_is_resolved(context: Context) -> None:
    records = {"a.example": ["127.0.0.1"]}
    async with serving(OK) as server, naming(records) as (names, at), asking(context, at) as here:
        seen = await look(here, f"http://A.example:{server.port}/")
    assert seen.trouble is None
    assert next(iter(seen.phases)) == "resolve"
    assert seen.facts["ip"] == "127.0.0.1"
    assert server.header("host") == f"A.example:{server.port}"
    assert set(names.asked) == {"a.example"}


async def test_a_name_that_changes_is_seen_at_once_whatever_its_ttl(context: Context) -> None:
    records: dict[str, list[str] | str | None] = {"a.example": ["127.0.0.1"]}
    async with serving(OK) as server, naming(records) as (names, at), asking(context, at) as here:
        names.ttl = 3600
        url = f"http://a.example:{server.port}/"
        assert (await look(here, url)).trouble is None
        records["a.example"] = "NXDOMAIN"
        broken = await look(here, url)
        records["a.example"] = ["127.0.0.1"]
        mended = await look(here, url)
    assert broken.trouble is not None
    assert broken.trouble.reason is Reason.DNS_NXDOMAIN
    assert mended.trouble is None


async def test_every_address_is_tried(context: Context) -> None:
    records = {"a.example": ["127.0.0.2", "::1", "127.0.0.1"]}
    async with serving(OK) as server, naming(records) as (_, at), asking(context, at) as here:
        seen = await look(here, f"http://a.example:{server.port}/")
    assert seen.trouble is None
    assert seen.facts["ip"] == "127.0.0.1"


async def test_names_may_have_any_letters(context: Context) -> None:
    records = {"xn--bcher-kva.example": ["127.0.0.1"]}
    async with serving(OK) as server, naming(records) as (_, at), asking(context, at) as here:
        seen = await look(here, f"http://bücher.example:{server.port}/")
    assert seen.trouble is None
    assert server.header("host") == f"xn--bcher-kva.example:{server.port}"


async def test_a_change_of_address_is_seen_at_once(context: Context) -> None:
    records: dict[str, list[str] | str | None] = {"a.example": ["127.0.0.1"]}
    async with serving(OK) as server, naming(records) as (_, at), asking(context, at) as here:
        url = f"http://a.example:{server.port}/"
        assert (await look(here, url)).trouble is None
        records["a.example"] = ["127.0.0.2"]
        seen = await look(here, url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_REFUSED


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("NXDOMAIN", Reason.DNS_NXDOMAIN),
        ([], Reason.DNS_NXDOMAIN),
        ("SERVFAIL", Reason.DNS_SERVFAIL),
        ("REFUSED", Reason.DNS_SERVFAIL),
        ("FORMERR", Reason.DNS_SERVFAIL),
        (None, Reason.DNS_TIMEOUT),
    ],
)
async def test_reasons(context: Context, said: list[str] | str | None, reason: Reason) -> None:
    async with naming({"a.example": said}) as (_, at), asking(context, at) as here:
        seen = await look(here, "http://a.example/", timeout_s=0.3 if said is None else 5)
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble
    assert list(seen.phases) == ["resolve"]
    assert "a.example" in seen.trouble.message
    assert seen.duration_ms < 4000


async def test_a_name_that_can_not_be(context: Context) -> None:
    async with naming({}) as (_, at), asking(context, at) as here:
        seen = await look(here, f"http://{LONG}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.DNS_NXDOMAIN


async def test_a_silent_name_server_does_not_exceed_the_time(context: Context) -> None:
    async with naming({"a.example": None}) as (_, at), asking(context, at) as here:
        seen = await look(here, "http://a.example/", timeout_s=0.3)
    assert 290 <= seen.duration_ms < 2000


async def test_without_a_name_server_it_is_our_own_fault(context: Context) -> None:
    async with asking(context, f"127.0.0.1:{closed_port()}") as here:
        seen = await look(here, "http://a.example/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR, seen.trouble


async def test_localhost_needs_no_name_server(context: Context) -> None:
    async with serving(OK) as server, asking(context, f"127.0.0.1:{closed_port()}") as here:
        seen = await look(here, f"http://localhost:{server.port}/")
    assert seen.trouble is None
