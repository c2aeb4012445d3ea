"""Kinds rabbitmq, mqtt and kafka against what is no such broker, or a bad one."""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from dataclasses import replace

import psutil
import pytest
from tests.prober.looking import look_by, why
from tests.prober.support import accepting, closed_port, naming, reset
from tests.prober.talking import Maker, presenting, talking

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver

KINDS = ["rabbitmq", "mqtt", "kafka"]
OPEN_ENDED = {
    "rabbitmq": b"\x01\x00\x00\x00\x01\x00\x00",
    "mqtt": b"\x20\x7f",
    "kafka": b"\x00\x00\x10\x00",
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
async def test_nobody_listens(context: Context, kind: str) -> None:
    assert why(await look_by(context, kind, closed_port()))[0] is Reason.CONNECT_REFUSED


@every_kind
async def test_a_name_that_does_not_exist(context: Context, kind: str) -> None:
    async with naming({}) as (_, nameserver):
        seen = await look_by(context, kind, 1, host="broker.example", resolver=nameserver)
    assert why(seen)[0] is Reason.DNS_NXDOMAIN
    assert list(seen.phases) == ["resolve"]


@every_kind
async def test_addresses_of_names_are_guarded(context: Context, kind: str) -> None:
    met: list[StreamWriter] = []
    async with naming({"broker.example": ["127.0.0.1"]}) as (_, server), accepting(met.append) as p:
        closed = replace(context, guard=Guard("loopback"), resolver=Resolver([server]))
        seen = await look_by(closed, kind, p, host="broker.example")
        await closed.resolver.close()
    assert why(seen)[0] is Reason.FORBIDDEN_TARGET
    assert not met


@every_kind
async def test_silence(context: Context, kind: str) -> None:
    async with talking(b"") as port:
        began = time.perf_counter()
        seen = await look_by(context, kind, port, timeout_s=0.3)
    assert why(seen)[0] is Reason.TIMEOUT
    assert 0.3 <= time.perf_counter() - began < 3
    assert "log in" in why(seen)[1]


@every_kind
@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail.example ESMTP\r\n", b"\x00\xff\x13" * 999],
)
async def test_another_protocol(context: Context, kind: str, said: bytes) -> None:
    async with talking(said) as port:
        seen = await look_by(context, kind, port)
    assert why(seen)[0] is Reason.PROTOCOL_ERROR
    assert repr(said[:3].decode(errors="replace"))[1:-1] in why(seen)[1]
    assert seen.answer is not None
    assert not seen.answer.body


@every_kind
async def test_a_close_without_a_word(context: Context, kind: str) -> None:
    async def leave(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.read(1)
        await reader.read(65536)

    async with talking(leave) as port:
        seen = await look_by(context, kind, port)
    assert why(seen)[0] is Reason.PROTOCOL_ERROR
    assert "closed the connection" in why(seen)[1]


@every_kind
async def test_a_reset(context: Context, kind: str) -> None:
    async with accepting(reset) as port:
        seen = await look_by(context, kind, port)
    assert why(seen)[0] is Reason.CONNECT_RESET


@every_kind
async def test_bytes_that_drip(context: Context, kind: str) -> None:
    async def drip(_reader: StreamReader, writer: StreamWriter) -> None:
        for one in OPEN_ENDED[kind] + bytes(1000):
            writer.write(bytes([one]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(drip) as port:
        seen = await look_by(context, kind, port, timeout_s=0.3)
    assert why(seen)[0] is Reason.TIMEOUT


@every_kind
async def test_a_flood(context: Context, kind: str) -> None:
    async def flood(_reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            writer.write(OPEN_ENDED[kind] + bytes(1 << 16))
            await writer.drain()

    before = psutil.Process().memory_info().rss
    async with talking(flood) as port:
        seen = await look_by(context, kind, port, timeout_s=2)
    assert why(seen)[0] in {Reason.PROTOCOL_ERROR, Reason.TIMEOUT}
    assert psutil.Process().memory_info().rss - before < 64 << 20


@every_kind
async def test_a_check_that_is_cancelled_leaves_nothing(context: Context, kind: str) -> None:
    gone = asyncio.Event()

    async def stay(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.read(1)
        started.set()
        try:
            while await reader.read(65536):
                pass
        finally:
            gone.set()

    started = asyncio.Event()
    async with talking(stay) as port:
        check = asyncio.create_task(look_by(context, kind, port))
        await started.wait()
        before = asyncio.all_tasks()
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        await asyncio.wait_for(gone.wait(), 5)
        assert asyncio.all_tasks() <= before


@every_kind
async def test_a_certificate_that_nobody_trusts(context: Context, kind: str) -> None:
    async with talking(b"", tls=presenting(Maker().make("here"))) as port:
        seen = await look_by(context, kind, port, tls={})
    assert why(seen)[0] is Reason.TLS_SELF_SIGNED
    assert list(seen.phases) == ["connect", "tls"]
