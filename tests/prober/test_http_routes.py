"""Which address a target is reached at, and who says so."""

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from tests.prober.support import OK, closed_port, look, naming, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver

BOTH: dict[str, list[str] | str | None] = {
    "both.example": ["127.0.0.1", "::1"],
    "four.example": ["127.0.0.1"],
}


@pytest.mark.parametrize(
    ("host", "protocol", "address"),
    [
        ("both.example", "ip4", "127.0.0.1"),
        ("both.example", "ip6", "::1"),
        ("both.example", "prefer_ip4", "127.0.0.1"),
        ("both.example", "prefer_ip6", "::1"),
        ("four.example", "prefer_ip6", "127.0.0.1"),
        ("four.example", "ip6", None),
    ],
)
async def test_protocols(context: Context, host: str, protocol: str, address: str | None) -> None:
    async with naming(BOTH) as (_, nameserver):
        addresses = await Resolver([nameserver]).resolve(host, 1, protocol)  # type: ignore[arg-type]
        seen = await look(
            context, f"http://{host}:{closed_port()}/", resolver=nameserver, ip_protocol=protocol
        )
    assert seen.trouble is not None
    if address is None:
        assert seen.trouble.reason is Reason.DNS_NXDOMAIN
        assert seen.trouble.message == f"resolve {host}: there is no IPv6 address of that name"
    else:
        assert isinstance(addresses, list)
        assert addresses[0] == address
        assert seen.trouble.reason is Reason.CONNECT_REFUSED


@asynccontextmanager
async def deaf(host: str) -> AsyncIterator[int]:
    """A port of an address that never answers, as its queue is full; yields its number."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket(socket.AF_INET))
        full.bind((host, 0))
        full.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket(socket.AF_INET))
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


@pytest.mark.parametrize(
    ("protocol", "address"),
    [("prefer_ip4", "127.0.0.1"), ("prefer_ip6", "::1"), ("ip4", "127.0.0.1"), ("ip6", "::1")],
)
async def test_where_both_answer_the_preferred_one_is_asked(
    context: Context, protocol: str, address: str
) -> None:
    async with (
        naming(BOTH) as (_, nameserver),
        serving(OK) as four,
        serving(OK, host="::1", port=four.port) as six,
    ):
        url = f"http://both.example:{four.port}/"
        for here in (context, replace(context, guard=Guard("192.0.2.0/24"))):
            seen = await look(here, url, resolver=nameserver, ip_protocol=protocol)
            assert seen.trouble is None
            assert seen.facts["ip"] == address
    asked, other = (six, four) if ":" in address else (four, six)
    assert len(asked.requests) == 2
    assert not other.requests


@pytest.mark.parametrize("protocol", ["prefer_ip4", "prefer_ip6"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_where_only_the_other_answers_it_is_asked(
    context: Context, protocol: str, host: str
) -> None:
    async with naming(BOTH) as (_, nameserver), serving(OK, host=host) as server:
        url = f"http://both.example:{server.port}/"
        seen = await look(context, url, resolver=nameserver, ip_protocol=protocol)
    assert seen.trouble is None
    assert seen.facts["ip"] == host


async def test_the_preferred_one_has_its_share_of_the_time(context: Context) -> None:
    async with (
        naming(BOTH) as (_, nameserver),
        deaf("127.0.0.1") as port,
        serving(OK, host="::1", port=port),
    ):
        url = f"http://both.example:{port}/"
        seen = await look(
            context, url, resolver=nameserver, ip_protocol="prefer_ip4", timeout_s=1.4
        )
    assert seen.trouble is None
    assert seen.facts["ip"] == "::1"
    assert 600 <= seen.duration_ms < 1300


async def test_a_name_server_of_the_targets_own(context: Context) -> None:
    async with serving(OK) as server, naming(BOTH) as (names, nameserver):
        url = f"http://four.example:{server.port}/"
        for _ in range(2):
            seen = await look(context, url, resolver=nameserver)
            assert seen.trouble is None
        assert set(names.asked) == {"four.example"}
    assert context.resolver.at(nameserver) is context.resolver.at(nameserver)


@pytest.mark.parametrize("nameserver", ["127.0.0.1", "[::1]:5353"])
async def test_a_name_server_that_must_not_be_asked(context: Context, nameserver: str) -> None:
    guarded = replace(context, guard=Guard("loopback"))
    seen = await look(guarded, "http://a.example/", resolver=nameserver)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.FORBIDDEN_TARGET


async def test_localhost_needs_no_name_server_of_its_own(context: Context) -> None:
    async with serving(OK) as server:
        url = f"http://localhost:{server.port}/"
        seen = await look(context, url, resolver=f"127.0.0.1:{closed_port()}", ip_protocol="ip4")
    assert seen.trouble is None


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
async def test_a_fixed_address(context: Context, host: str) -> None:
    async with serving(OK) as server:
        seen = await look(context, f"http://{host}:{server.port}/", resolve_to="127.0.0.1")
    assert seen.trouble is None
    assert next(iter(seen.phases)) == "connect"
    assert seen.subjects["ip"] == "127.0.0.1"
    assert server.header("host") == f"{host}:{server.port}"


async def test_without_ipv6_of_ours_it_is_not_the_target(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.prober.names._has_route", lambda *_: False)
    seen = await look(context, "http://[ff0e::1]/")  # nobody's to connect to
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR, seen.trouble


async def test_name_servers_beyond_the_most_are_let_go(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.prober.names._MOST_OTHERS", 1)
    first = context.resolver.at("192.0.2.1:53")
    context.resolver.at("192.0.2.2:53")
    assert context.resolver.at("192.0.2.1:53") is not first
