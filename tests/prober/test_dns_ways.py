"""The ways to a server, and everything that can happen on them."""

import asyncio
import dataclasses
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import dns.flags
import dns.message
import psutil
import pytest
from tests.prober.dns_servers import Script, answering, ask, response, says
from tests.prober.support import accepting, closed_port, hang, reset, serving

from vedette.core.kinds.dns import DnsTarget, Server
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.dns.places import own_servers, system_servers
from vedette.prober.domain import Seen
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver
from vedette.prober.probes.dns import DnsProbe
from vedette.testing.certificates import Flavour, identity
from vedette.testing.waiting import eventually

ADDRESS = "a.example. 60 IN A 192.0.2.1"
OTHER = dns.message.make_query("b.example.", "A")


def silent(_query: dns.message.Message, _transport: str) -> Sequence[bytes]:
    return []


def truncated(query: dns.message.Message, transport: str) -> Sequence[bytes]:
    if transport == "udp":
        return [response(query, flags=dns.flags.TC).to_wire()]
    return [response(query, ADDRESS).to_wire()]


def with_id(wire: bytes, id_: int) -> bytes:
    return id_.to_bytes(2, "big") + wire[2:]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_the_query(context: Context, transport: str) -> None:
    async with answering(says(ADDRESS)) as server:
        for _ in range(2):
            seen = await ask(context, server, name="A.Example", transport=transport)
            assert seen.trouble is None
    (way, first), (_, second) = server.queries
    assert way == transport
    assert first.question[0].to_text() == "a.example. IN A"
    assert first.flags == dns.flags.RD
    assert (first.edns, first.payload, first.ednsflags) == (0, 1232, 0)
    assert first.id != second.id


async def test_what_else_can_be_asked(context: Context) -> None:
    async with answering(says('version.bind. 0 CH TXT "9"')) as server:
        seen = await ask(
            context,
            server,
            name="version.bind.",
            type="TXT",
            recursion_desired=False,
            dnssec=True,
            flags={"ad": False},
            class_="CH",
        )
    assert seen.trouble is None
    assert seen.subjects["answer"] == ["9"]
    _, query = server.queries[0]
    assert query.question[0].to_text() == "version.bind. CH TXT"
    assert query.flags == dns.flags.AD
    assert query.ednsflags == dns.flags.DO


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_silence(context: Context, transport: str) -> None:
    async with answering(silent) as server:
        began = time.perf_counter()
        seen = await ask(context, server, timeout_s=0.3, transport=transport)
        took = time.perf_counter() - began
    assert seen.trouble is not None
    assert seen.trouble.reason is (Reason.DNS_TIMEOUT if transport == "udp" else Reason.TIMEOUT)
    assert server.address in seen.trouble.message
    assert list(seen.phases) == ["connect", "first_byte"]
    assert 290 <= seen.duration_ms <= took * 1000 < 2000


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_nobody_there(context: Context, transport: str) -> None:
    seen = await ask(context, f"127.0.0.1:{closed_port()}", transport=transport)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_REFUSED
    assert seen.duration_ms < 3000


NOISE: list[Script] = [
    lambda _query, _way: [b"\xff" * 7],
    lambda query, _way: [with_id(response(query, ADDRESS).to_wire(), query.id ^ 1)],
    lambda query, _way: [query.to_wire()],
    lambda query, _way: [with_id(response(OTHER, ADDRESS).to_wire(), query.id)],
]


@pytest.mark.parametrize("noise", NOISE)
async def test_what_is_no_answer_is_ignored_over_udp(context: Context, noise: Script) -> None:
    def then_answered(query: dns.message.Message, way: str) -> Sequence[bytes]:
        return [*noise(query, way), response(query, ADDRESS).to_wire()]

    async with answering(then_answered) as server:
        seen = await ask(context, server)
    assert seen.trouble is None
    async with answering(noise) as server:
        seen = await ask(context, server, timeout_s=0.5)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.DNS_TIMEOUT
    assert "1 other datagram" in seen.trouble.message
    assert 490 <= seen.duration_ms < 2000


@pytest.mark.parametrize("noise", NOISE)
async def test_what_is_no_answer_is_an_error_over_tcp(context: Context, noise: Script) -> None:
    async with answering(noise) as server:
        seen = await ask(context, server, transport="tcp")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR


def cut_short(query: dns.message.Message, _way: str) -> Sequence[bytes]:
    return [response(query, ADDRESS).to_wire()[:-13]]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_an_answer_that_can_not_be_decoded(context: Context, transport: str) -> None:
    async with answering(cut_short) as server:
        seen = await ask(
            context, server, timeout_s=0.3 if transport == "udp" else 5, transport=transport
        )
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert "can't be decoded" in seen.trouble.message


async def test_a_refusal_may_leave_the_question_out(context: Context) -> None:
    def refusing(query: dns.message.Message, _way: str) -> Sequence[bytes]:
        refusal = response(query, rcode="FORMERR")
        refusal.question.clear()
        return [refusal.to_wire()]

    async with answering(refusing) as server:
        seen = await ask(context, server)
    assert seen.facts["rcode"] == "FORMERR"


async def test_what_udp_has_no_room_for_is_asked_for_over_tcp(context: Context) -> None:
    async with answering(truncated) as server:
        seen = await ask(context, server)
    assert seen.trouble is None
    assert seen.subjects["answer"] == ["192.0.2.1"]
    assert seen.facts["truncated"] is True
    assert server.transports == ["udp", "tcp"]


async def test_it_must_be_there_over_tcp(context: Context) -> None:
    async with answering(truncated, tcp=False) as server:
        seen = await ask(context, server)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_REFUSED
    assert "truncated over UDP" in seen.trouble.message


async def test_a_long_answer_over_tcp(context: Context) -> None:
    many = [f"a.example. 60 IN A 10.0.{at // 250}.{at % 250}" for at in range(2000)]
    async with answering(says(*many)) as server:
        seen = await ask(context, server, transport="tcp")
    assert seen.trouble is None
    assert seen.facts["answers"] == 2000


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", Reason.PROTOCOL_ERROR),
        (b"\x00", Reason.PROTOCOL_ERROR),
        (b"\x00\x00", Reason.PROTOCOL_ERROR),
        (b"\x00\xff" + b"x" * 20, Reason.PROTOCOL_ERROR),
    ],
)
async def test_a_connection_that_ends_early(context: Context, said: bytes, reason: Reason) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        await reader.readexactly(1)
        await reader.read(100)
        writer.write(said)
        writer.close()

    listener = await asyncio.start_server(converse, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        seen = await ask(context, f"127.0.0.1:{port}", transport="tcp")
    finally:
        listener.close()
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble


async def test_a_connection_that_is_reset(context: Context) -> None:
    async with accepting(reset) as port:
        seen = await ask(context, f"127.0.0.1:{port}", transport="tcp")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET


async def test_over_tls(context: Context) -> None:
    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with answering(says(ADDRESS), udp=False, tls=good.context) as server:
            seen = await ask(trusting, f"localhost:{server.port}", transport="tls")
    assert seen.trouble is None
    assert list(seen.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    assert seen.subjects["certificate"]["days_left"] > 0
    assert "certificate_expires_at" in seen.facts


@pytest.mark.parametrize(
    ("flavour", "reason"),
    [
        ("expired", Reason.TLS_EXPIRED),
        ("self_signed", Reason.TLS_SELF_SIGNED),
        ("wrong_host", Reason.TLS_HOSTNAME),
        ("untrusted", Reason.TLS_UNTRUSTED),
    ],
)
@pytest.mark.parametrize("transport", ["tls", "https"])
async def test_bad_certificates(
    context: Context, flavour: Flavour, reason: Reason, transport: str
) -> None:
    with identity(flavour) as bad:
        trusting = dataclasses.replace(context, ca_file=str(bad.ca_file))
        async with answering(says(ADDRESS), udp=False, tls=bad.context) as server:
            seen = await ask(trusting, server, transport=transport)
            assert seen.trouble is not None
            assert seen.trouble.reason is reason, seen.trouble
            if transport == "tls":
                seen = await ask(trusting, server, transport="tls", tls={"verify": False})
                assert seen.trouble is None


async def test_over_https(context: Context) -> None:
    async def answer_it(_head: bytes, writer: asyncio.StreamWriter) -> None:
        wire = server.requests[-1].partition(b"\r\n\r\n")[2]
        message = response(dns.message.from_wire(wire), ADDRESS).to_wire()
        writer.write(http(200, "application/dns-message", message))

    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with serving(answer_it, tls=good.context) as server:
            where = f"https://localhost:{server.port}/q"
            seen = await ask(trusting, where, transport="https", ip_protocol="ip4")
            own = {"ca": good.ca_file.read_text()}
            again = await ask(context, f"127.0.0.1:{server.port}", transport="https", tls=own)
    assert seen.trouble is again.trouble is None
    assert seen.subjects["answer"] == again.subjects["answer"] == ["192.0.2.1"]
    assert list(seen.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    assert seen.facts["ip"] == "127.0.0.1"
    assert "certificate_expires_at" in seen.facts
    heads = [request.partition(b"\r\n\r\n")[0] for request in server.requests]
    assert [head.split(b" HTTP")[0] for head in heads] == [b"POST /q", b"POST /dns-query"]
    assert b"Content-Type: application/dns-message\r\n" in heads[0]


def http(status: int, media_type: str, body: bytes) -> bytes:
    fields = [f"HTTP/1.1 {status} Said", f"Content-Type: {media_type}"]
    head = "\r\n".join([*fields, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


WRONG = [
    (http(503, "text/plain", b"later"), Reason.STATUS),
    (http(200, "text/html", b"<html>"), Reason.PROTOCOL_ERROR),
    (http(200, "application/dns-message", b"\xff" * 7), Reason.PROTOCOL_ERROR),
    (http(302, "text/plain\r\nLocation: /", b""), Reason.STATUS),
    (b"not http\r\n\r\n", Reason.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("said", "reason"), WRONG)
async def test_what_is_no_answer_over_https(context: Context, said: bytes, reason: Reason) -> None:
    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with serving(said, tls=good.context) as server:
            seen = await ask(trusting, f"127.0.0.1:{server.port}", transport="https")
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble


async def test_silence_over_https(context: Context) -> None:
    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with serving(hang, tls=good.context) as server:
            where = f"127.0.0.1:{server.port}"
            seen = await ask(trusting, where, transport="https", timeout_s=0.3)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 290 <= seen.duration_ms < 2000


async def test_no_tls_there(context: Context) -> None:
    async with answering(says(ADDRESS), udp=False) as server:
        seen = await ask(context, server, transport="tls", timeout_s=0.5)
    assert seen.trouble is not None
    assert seen.trouble.reason in {Reason.TLS_HANDSHAKE, Reason.TIMEOUT}


async def test_a_hanging_handshake(context: Context) -> None:
    async with serving(hang) as server:
        seen = await ask(context, f"127.0.0.1:{server.port}", transport="tls", timeout_s=0.2)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 190 <= seen.duration_ms < 2000


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


async def test_nothing_is_left_open(context: Context) -> None:
    async with answering(silent) as server:
        tasks = [asyncio.ensure_future(ask(context, server)) for _ in range(20)]
        await eventually(lambda: len(server.queries) == 20)
        assert sockets_to(server.port) == 20
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert sockets_to(server.port) == 0


def sockets_to(port: int) -> int:
    ours = psutil.Process().net_connections("udp")
    return sum(bool(one.raddr) and one.raddr.port == port for one in ours)


async def test_many_at_once(context: Context) -> None:
    async with answering(says(ADDRESS)) as server:
        seen = await asyncio.gather(*[ask(context, server) for _ in range(200)])
    assert [one.trouble for one in seen] == [None] * 200
    assert len({query.id for _, query in server.queries}) > 150


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
