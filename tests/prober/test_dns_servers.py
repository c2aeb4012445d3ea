"""Which server is asked, and which may be."""

import dataclasses
import socket
from pathlib import Path

import pytest
from tests.prober.dns_servers import ADDRESS, answering, ask, says, silent
from tests.prober.support import closed_port

from vedette.core.kinds.dns import DnsTarget, Server
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.dns.places import own_servers, system_servers
from vedette.prober.domain import Seen
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver
from vedette.prober.probes.dns import DnsProbe


async def test_the_next_server_is_asked(context: Context) -> None:
    async with answering(silent) as mute, answering(says(ADDRESS)) as server:
        where = f"127.0.0.1:{closed_port()}, {mute.address}, {server.address}"
        seen = await ask(context, where, timeout_s=0.6)
    assert seen.trouble is None
    assert len(mute.queries) == len(server.queries) == 1
    assert 280 <= seen.duration_ms < 600


async def test_silence_of_one_server_says_more_than_that_another_refuses(context: Context) -> None:
    async with answering(silent) as mute:
        where = f"127.0.0.1:{closed_port()}, {mute.address}, 127.0.0.1:{closed_port()}"
        seen = await ask(context, where, timeout_s=0.6)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.DNS_TIMEOUT


async def test_an_error_is_an_answer(context: Context) -> None:
    async with answering(says(rcode="SERVFAIL")) as first, answering(says(ADDRESS)) as second:
        seen = await ask(context, f"{first.address},{second.address}")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.DNS_SERVFAIL
    assert second.queries == []


async def test_the_servers_own_name(context: Context) -> None:
    async with answering(says(ADDRESS)) as server:
        seen = await ask(context, f"localhost:{server.port}", ip_protocol="ip4")
        assert seen.trouble is None
        assert list(seen.phases) == ["resolve", "connect", "first_byte"]
        seen = await ask(context, f"localhost:{server.port}", ip_protocol="ip6")
        assert seen.trouble is not None
        assert seen.trouble.reason is Reason.CONNECT_REFUSED


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_forbidden_addresses(context: Context, transport: str) -> None:
    guarded = dataclasses.replace(context, guard=Guard("loopback"))
    async with answering(says(ADDRESS)) as server:
        seen = await ask(guarded, server, transport=transport)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.FORBIDDEN_TARGET
    assert server.queries == []


async def test_no_way_from_here_is_our_own_fault(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_self: socket.socket, _address: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("socket.socket.connect", unreachable)
    seen = await ask(context, "2001:db8::1")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR


def test_the_servers_of_this_host(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    assert system_servers(file) == (Server("127.0.0.1", 53),)
    file.write_text(
        "# none\nnameserver 192.0.2.1\nsearch x\nnameserver 2001:db8::1\nnameserver x\n"
    )
    assert system_servers(file) == (Server("192.0.2.1", 53), Server("2001:db8::1", 53))


async def test_they_are_asked_when_none_is_named(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answering(says(ADDRESS)) as server:
        own = (Server("127.0.0.1", server.port),)
        monkeypatch.setattr("vedette.prober.dns.places.system_servers", lambda: own)
        guarded = dataclasses.replace(context, guard=Guard("all-internal"))
        seen = await ask_nobody(guarded)
    assert seen.trouble is None


async def test_those_the_prober_was_told_come_before_its_hosts(context: Context) -> None:
    async with answering(says(ADDRESS)) as server:
        told = Resolver([f"127.0.0.1:{server.port}"])
        seen = await ask_nobody(dataclasses.replace(context, resolver=told))
        await told.close()
    assert seen.trouble is None
    assert len(server.queries) == 1


def test_what_it_was_told_may_be_of_either_family() -> None:
    assert own_servers(["192.0.2.1:5353", "[2001:db8::1]:53"]) == (
        Server("192.0.2.1", 5353),
        Server("2001:db8::1", 53),
    )


async def ask_nobody(context: Context) -> Seen:
    target = DnsTarget(name="a.example")
    return await DnsProbe(target).probe(context, 5)
