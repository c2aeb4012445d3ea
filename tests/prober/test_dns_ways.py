"""Over UDP and TCP to a server, and everything that can happen on the way."""

import asyncio
import time
from collections.abc import Sequence

import dns.flags
import dns.message
import psutil
import pytest
from tests.prober.dns_servers import ADDRESS, Script, answering, ask, response, says, silent
from tests.prober.support import accepting, closed_port, reset

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.waiting import eventually

OTHER = dns.message.make_query("b.example.", "A")


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
