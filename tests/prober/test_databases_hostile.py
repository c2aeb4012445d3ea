"""The kinds that log in to a database, against what is no such server, or a bad one."""

import asyncio
import logging
import random
import time
import tracemalloc
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.prober.databases import PASSWORD, ask, ask_beside_others, going_on, why
from tests.prober.support import accepting, closed_port, naming, reset
from tests.prober.talking import Maker, Talk, presenting, talking

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard

TARGETS: dict[str, dict[str, Any]] = {
    "postgres": {"user": "u", "password": PASSWORD, "query": "select 1"},
    "mysql": {"user": "u", "password": PASSWORD, "query": "select 1"},
    "redis": {"password": PASSWORD, "command": ["GET", "x"]},
    "mongodb": {"user": "u", "password": PASSWORD, "command": {"count": "x"}},
}
KINDS = pytest.mark.parametrize("kind", TARGETS)
HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def look(context: Context, kind: str, port: int, **more: Any) -> Any:
    return await ask(context, kind, port, **{**TARGETS[kind], **more})


@pytest.fixture(autouse=True)
def _nothing_is_said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Any:
    """Whatever a target does, a prober's log has no line of it."""
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert capfd.readouterr().err == ""


@asynccontextmanager
async def answering(*turns: bytes, hear: bool = True) -> AsyncIterator[int]:
    """A server that says each of these after something was heard, and then stays."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for turn in turns:
            if hear:
                await reader.read(65536)
            writer.write(turn)
        await reader.read()

    async with talking(talk) as port:
        yield port


@KINDS
async def test_nobody_there(context: Context, kind: str) -> None:
    assert why(await look(context, kind, closed_port()))[0] is Reason.CONNECT_REFUSED


@KINDS
async def test_no_such_name(context: Context, kind: str) -> None:
    async with naming({}) as (_, at):
        seen = await look(context, kind, 1, host="nowhere.example", resolver=at)
    assert why(seen)[0] is Reason.DNS_NXDOMAIN


@KINDS
async def test_an_address_that_is_forbidden(context: Context, kind: str) -> None:
    guarded = replace(context, guard=Guard("127.0.0.0/8"))
    came = asyncio.Event()

    async def notice(_reader: StreamReader, _writer: StreamWriter) -> None:
        came.set()

    async with talking(notice) as port:
        address = await look(guarded, kind, port)
        name = await look(guarded, kind, port, host="localhost", ip_protocol="ip4")
    assert why(address)[0] is why(name)[0] is Reason.FORBIDDEN_TARGET
    assert not came.is_set()


@KINDS
@pytest.mark.parametrize("tls", [None, {}], ids=["in the clear", "TLS"])
async def test_a_server_that_says_nothing(context: Context, kind: str, tls: Any) -> None:
    began = time.monotonic()
    async with talking(b"") as port:
        seen = await look(context, kind, port, tls=tls, timeout_s=0.3)
    assert why(seen)[0] is Reason.TIMEOUT
    assert time.monotonic() - began < 3
    assert "took longer than 0.3 s" in why(seen)[1]


@KINDS
@pytest.mark.parametrize("tls", [None, {}], ids=["in the clear", "TLS"])
async def test_a_server_that_closes(context: Context, kind: str, tls: Any) -> None:
    async def leave(reader: StreamReader, writer: StreamWriter) -> None:
        if kind != "mysql":
            await reader.read(1)

    async with talking(leave) as port:
        reason, message = why(await look(context, kind, port, tls=tls))
    assert reason in {Reason.PROTOCOL_ERROR, Reason.CONNECT_RESET, Reason.TLS_HANDSHAKE}
    assert "clos" in message or "reset" in message


@KINDS
async def test_a_server_that_resets(context: Context, kind: str) -> None:
    async with accepting(reset) as port:
        assert why(await look(context, kind, port))[0] is Reason.CONNECT_RESET


@pytest.mark.parametrize("more", [b"\x08\0\0\0\0", b"\0\0\0\0\x0a" * 9, b"R\0\0\0\x09\0\0\0\x0bx"])
async def test_a_message_that_would_end_the_client_or_never_end(
    context: Context, more: bytes
) -> None:
    async with answering(b"R\0\0\0\x08\0\0\0\0" + more) as port:
        reason, message = why(await look(context, "postgres", port))
    assert reason is Reason.PROTOCOL_ERROR
    assert "instead of" in message


@pytest.mark.parametrize(
    ("method", "reason"), [(177, Reason.PROTOCOL_ERROR), (9, Reason.INTERNAL_ERROR)]
)
async def test_a_method_of_logging_in(context: Context, method: int, reason: Reason) -> None:
    """That the client has not learnt is ours; that nobody knows is the server's."""
    async with answering(b"R\0\0\0\x08" + method.to_bytes(4, "big")) as port:
        assert why(await look(context, "postgres", port))[0] is reason


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [(b"\xac$\x1f\x8e", Reason.PROTOCOL_ERROR), (b"kerberos_client", Reason.INTERNAL_ERROR)],
)
async def test_a_plugin_to_log_in_by(context: Context, plugin: bytes, reason: Reason) -> None:
    greeting = (
        b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xf7\xff\2\0\xff\xdf\x15"
        + bytes(10)
        + b"ijklmnopqrst\0mysql_native_password\0"
    )
    switch = b"\xfe" + plugin + b"\0" + b"x" * 20 + b"\0"
    async with mysql_saying(greeting, switch) as port:
        assert why(await look(context, "mysql", port))[0] is reason


@asynccontextmanager
async def mysql_saying(*packets: bytes) -> AsyncIterator[int]:
    """A server of which each packet follows one of the client's."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        for at, packet in enumerate(packets):
            writer.write(len(packet).to_bytes(3, "little") + bytes([at * 2]) + packet)
            await reader.read(65536)
        await reader.read()

    async with talking(talk) as port:
        yield port


@KINDS
async def test_a_web_server(context: Context, kind: str) -> None:
    async with answering(HTTP, hear=kind != "mysql") as port:
        reason, message = why(await look(context, kind, port))
    assert reason is Reason.PROTOCOL_ERROR
    assert f"127.0.0.1:{port}" in message


@KINDS
async def test_an_echo_does_not_tell_the_password(context: Context, kind: str) -> None:
    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async with talking(echo) as port:
        seen = await look(context, kind, port, timeout_s=0.5)
    assert seen.trouble is not None
    assert PASSWORD not in seen.trouble.message
    assert not (seen.answer and seen.answer.body)


@KINDS
async def test_garbage(context: Context, kind: str) -> None:
    async def check(seed: int) -> Reason | None:
        dice = random.Random(f"{kind} {seed}")
        turns = [dice.randbytes(dice.choice([1, 5, 40, 1000])) for _ in range(3)]
        async with answering(*_plausible(kind, dice), *turns, hear=False) as port:
            seen = await ask_beside_others(context, kind, port, timeout_s=1, **TARGETS[kind])
        return why(seen)[0]

    before = going_on()
    found = await asyncio.gather(*map(check, range(16)))
    assert going_on() == before
    allowed = {Reason.PROTOCOL_ERROR, Reason.TIMEOUT, Reason.STATUS}
    assert not {seed: reason for seed, reason in enumerate(found) if reason not in allowed}
    assert Reason.PROTOCOL_ERROR in found


def _plausible(kind: str, dice: random.Random) -> list[bytes]:
    """The beginning of what such a server says, to get further than the first byte."""
    count = dice.randrange(5)
    starts = {
        "postgres": [b"R\0\0\0\x08\0\0\0\0", b"Z\0\0\0\x05I"],
        "mysql": [GREETING],
        "redis": [b"+OK\r\n", b"*2\r\n", b"$7\r\n"],
        "mongodb": [(40).to_bytes(4, "little") + bytes(8) + (2013).to_bytes(4, "little")],
    }
    return starts[kind][:count]


GREETING = (
    b"\x4a\0\0\0\x0a8.0.30\0\x01\0\0\0abcdefgh\0\xff\xf7\x21\x02\0\xff\x81\x15"
    + bytes(10)
    + b"ijklmnopqrst\0mysql_native_password\0"
)


@KINDS
async def test_a_flood_is_cut_short(context: Context, kind: str) -> None:
    start = {
        "postgres": b"D\x3f\xff\xff\xff",
        "mysql": b"\xff\xff\xff\x01",
        "redis": b"$1000000000\r\n",
        "mongodb": (40_000_000).to_bytes(4, "little") + bytes(8) + (2013).to_bytes(4, "little"),
    }

    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        if kind == "mysql":
            writer.write(GREETING)
        await reader.read(1)
        writer.write(start[kind])
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    began = time.monotonic()
    async with talking(flood) as port:
        tracemalloc.start()
        seen = await look(context, kind, port, timeout_s=5)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert why(seen)[0] is Reason.PROTOCOL_ERROR
    assert peak < 64 * 1024 * 1024
    assert time.monotonic() - began < 5


@KINDS
async def test_a_drip_ends_in_time(context: Context, kind: str) -> None:
    async def drip(_reader: StreamReader, writer: StreamWriter) -> None:
        for octet in b"\x4a\0\0\0" + b"\x0a" * 1000 if kind == "mysql" else b"+" * 1000:
            writer.write(bytes([octet]))
            await asyncio.sleep(0.05)

    began = time.monotonic()
    async with talking(drip) as port:
        seen = await look(context, kind, port, timeout_s=0.4)
    assert why(seen)[0] in {Reason.TIMEOUT, Reason.PROTOCOL_ERROR}
    assert time.monotonic() - began < 3


@KINDS
async def test_a_check_that_is_cancelled_closes_its_connection(context: Context, kind: str) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def notice(reader: StreamReader, _writer: StreamWriter) -> None:
        came.set()
        await reader.read()
        left.set()

    async with talking(notice) as port:
        check = asyncio.ensure_future(look(context, kind, port, timeout_s=60))
        await came.wait()
        await asyncio.sleep(0)
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        async with asyncio.timeout(5):
            await left.wait()


@pytest.mark.parametrize("kind", ["redis", "mongodb"])
async def test_an_expired_certificate(context: Context, kind: str) -> None:
    old = Maker().make("here", since=-9, days=-2)
    async with talking(b"", tls=presenting(old)) as port:
        seen = await look(context, kind, port, tls={"ca": old.pem})
    assert why(seen)[0] is Reason.TLS_EXPIRED


async def test_mysql_tells_no_password_in_the_clear(context: Context) -> None:
    heard = bytearray()
    asking = GREETING.replace(b"mysql_native_password", b"mysql_clear_password\0")
    switch = b"\x2c\0\0\x02\xfemysql_clear_password\0" + bytes(22)

    def server(*turns: bytes) -> Talk:
        async def talk(reader: StreamReader, writer: StreamWriter) -> None:
            for turn in turns:
                writer.write(turn)
                heard.extend(await reader.read(65536))

        return talk

    for turns in ((asking,), (GREETING, switch)):
        async with talking(server(*turns)) as port:
            reason, message = why(await look(context, "mysql", port))
        assert reason is Reason.INTERNAL_ERROR
        assert "mysql_clear_password" in message
    assert PASSWORD.encode() not in bytes(heard)
    assert b"s3cr3t" not in bytes(heard)


async def test_mysql_gives_no_file_away(context: Context) -> None:
    async def ask_for_file(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(GREETING)
        await reader.read(65536)
        writer.write(b"\x07\0\0\x02\0\0\0\x02\0\0\0")
        await reader.read(65536)
        writer.write(b"\x0c\0\0\x01\xfb/etc/passwd")
        heard.extend(await reader.read(65536))

    heard = bytearray()
    async with talking(ask_for_file) as port:
        seen = await look(context, "mysql", port, timeout_s=1)
    assert seen.trouble is not None
    assert b"root" not in bytes(heard)


async def test_redis_follows_nobody_elsewhere(context: Context) -> None:
    other = asyncio.Event()

    async def elsewhere(_reader: StreamReader, _writer: StreamWriter) -> None:
        other.set()

    async with talking(elsewhere) as there:
        moved = f"-MOVED 3999 127.0.0.1:{there}\r\n".encode()
        async with answering(b"+OK\r\n", b"-ERR unknown command\r\n", moved) as port:
            reason, message = why(await look(context, "redis", port))
    assert reason is Reason.STATUS
    assert "MOVED 3999" in message
    assert not other.is_set()
