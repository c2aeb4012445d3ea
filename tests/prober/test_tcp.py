"""Kind tcp: connections, against real sockets."""

import asyncio
import socket
import time
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from pathlib import Path

import pytest
from tests.prober.support import accepting, closed_port, naming, reset
from tests.prober.talking import talking, tcp

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver
from vedette.prober.streams.connecting import connect
from vedette.prober.streams.course import Course


async def leave(_reader: StreamReader, _writer: StreamWriter) -> None:
    """Close at once."""


async def stay(reader: StreamReader, _writer: StreamWriter) -> None:
    """Say nothing."""
    await reader.read()


async def test_a_connection_is_enough(context: Context) -> None:
    async with talking(leave) as port:
        seen = await tcp(context, port)
    assert seen.trouble is None
    assert seen.facts["ip"] == "127.0.0.1"
    assert list(seen.phases) == ["connect"]


async def test_a_refused_connection(context: Context) -> None:
    seen = await tcp(context, closed_port())
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_REFUSED


async def test_a_connection_that_nobody_answers(context: Context) -> None:
    """The kernel drops the first packet of a connection when too many wait to be accepted."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(busy.getsockname())
        began = time.perf_counter()
        seen = await tcp(context, busy.getsockname()[1], timeout_s=0.3)
        took = time.perf_counter() - began
        for one in waiting:
            one.close()
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_TIMEOUT
    assert 0.3 <= took < 2


async def test_an_address_that_never_answers_leaves_time_for_the_next(context: Context) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.2", 0))
        busy.listen(0)
        port = busy.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(busy.getsockname())
        with socket.create_server(("127.0.0.1", port)):
            course = Course("both", 0.6)
            sock, address = await connect(["127.0.0.2", "127.0.0.1"], port, Guard(), course)
            assert address == sock.getpeername()[0] == "127.0.0.1"
            sock.close()
        for one in waiting:
            one.close()
    assert 280 <= course.duration_ms < 600


async def test_a_silent_target_takes_no_longer_than_the_time(context: Context) -> None:
    async with talking(stay) as port:
        began = time.perf_counter()
        seen = await tcp(context, port, steps=[{"expect": "^220"}], timeout_s=0.3)
        took = time.perf_counter() - began
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert "step 1, expecting a line with '^220'" in seen.trouble.message
    assert list(seen.phases) == ["connect", "first_byte"]
    assert 0.3 <= took < 2


async def test_a_reset_in_the_middle(context: Context) -> None:
    async def break_off(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"hello\n")
        await reader.readline()
        reset(writer)

    steps = [{"expect": "hello", "send": "hi\n"}, {"expect": "bye"}]
    async with talking(break_off) as port:
        seen = await tcp(context, port, steps=steps)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET


@pytest.mark.parametrize(
    ("protocol", "address"),
    [("ip4", "127.0.0.1"), ("ip6", "::1"), ("prefer_ip4", "127.0.0.1"), ("prefer_ip6", "::1")],
)
async def test_the_kind_of_address(context: Context, protocol: str, address: str) -> None:
    async with talking(leave) as port:
        with socket.create_server(("::1", port), family=socket.AF_INET6):
            seen = await tcp(context, port, host="localhost", ip_protocol=protocol)
    assert seen.trouble is None
    assert seen.facts["ip"] == address
    assert next(iter(seen.phases)) == "resolve"


async def test_the_other_kind_of_address_is_tried_too(context: Context) -> None:
    async with talking(leave) as port:
        seen = await tcp(context, port, host="localhost", ip_protocol="prefer_ip6")
    assert seen.facts["ip"] == "127.0.0.1"


async def test_a_name_without_such_an_address(context: Context) -> None:
    async with naming({"six.example": ["::1"]}) as (_, at):
        seen = await tcp(context, 1, host="six.example", ip_protocol="ip4", resolver=at)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.DNS_NXDOMAIN
    assert "no IPv4 address" in seen.trouble.message


async def test_a_name_that_does_not_exist(context: Context) -> None:
    async with naming({}) as (_, at):
        resolver = Resolver([at])
        seen = await tcp(replace(context, resolver=resolver), 1, host="none.example")
        await resolver.close()
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.DNS_NXDOMAIN
    assert list(seen.phases) == ["resolve"]


async def test_an_address_that_is_forbidden(context: Context) -> None:
    guarded = replace(context, guard=Guard("loopback"))
    async with talking(leave) as port:
        seen = await tcp(guarded, port, host="localhost")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.FORBIDDEN_TARGET


async def test_a_name_server_that_is_forbidden(context: Context) -> None:
    guarded = replace(context, guard=Guard("loopback"))
    seen = await tcp(guarded, 1, host="a.example", resolver="127.0.0.53")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.FORBIDDEN_TARGET


async def test_a_reset_after_connecting_is_a_connection(context: Context) -> None:
    async with accepting(reset) as port:
        for _ in range(20):
            seen = await tcp(context, port)
            assert seen.trouble is None
            assert seen.facts["ip"] == "127.0.0.1"


async def test_no_sockets_left_is_our_own_fault(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(socket.socket):
        def __init__(self, *_: object) -> None:
            raise OSError(24, "Too many open files")

    monkeypatch.setattr("vedette.prober.streams.connecting.socket.socket", Full)
    seen = await tcp(context, 1)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert "Too many open files" in seen.trouble.message


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_nothing_stays_open(context: Context) -> None:
    before = open_files()
    steps = [{"expect": "never"}]
    async with talking(leave) as leaving, talking(stay) as staying:
        checks = [tcp(context, leaving, steps=steps) for _ in range(200)]
        checks += [tcp(context, staying, steps=steps, timeout_s=0.2) for _ in range(200)]
        checks += [tcp(context, closed_port()) for _ in range(100)]
        cancelled = [asyncio.ensure_future(tcp(context, staying, steps=steps)) for _ in range(50)]
        await asyncio.gather(*checks)
        for check in cancelled:
            check.cancel()
        await asyncio.gather(*cancelled, return_exceptions=True)
    for _ in range(10):  # the servers' ends
        await asyncio.sleep(0)
    assert open_files() <= before + 2
