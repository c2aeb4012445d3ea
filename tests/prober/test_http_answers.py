"""Answers good and bad, against real sockets."""

import asyncio
import gzip
import time

import pytest
from tests.prober.support import OK, accepting, answer, closed_port, hang, look, reset, serving

from vedette.core.outcome import Reason
from vedette.core.version import __version__
from vedette.prober.context import Context
from vedette.prober.http.reception import BODY_LIMIT


async def test_a_good_answer_is_seen_with_facts_and_phases(context: Context) -> None:
    async with serving(OK) as server:
        seen = await look(context, server.url)
    assert seen.trouble is None
    assert seen.answer is not None
    assert seen.answer.text() == "ok"
    assert seen.facts == {
        "ip": "127.0.0.1",
        "status": 200,
        "http_version": "1.1",
        "size": 2,
        "redirects": 0,
    }
    assert list(seen.phases) == ["connect", "first_byte", "transfer"]
    assert sum(seen.phases.values()) <= seen.duration_ms
    assert server.header("User-Agent") == f"Vedette/{__version__}"


async def test_headers_and_body_are_sent_as_given(context: Context) -> None:
    async with serving(OK) as server:
        await look(
            context,
            server.url + "p?q=ä",
            method="PUT",
            headers={"X-Empty": "", "user-agent": "mine", "X-Name": "värde", "Cookie": "a=1"},
            body="bödy",
        )
    assert server.line() == "PUT /p?q=%C3%A4 HTTP/1.1"
    assert server.requests[0].endswith("bödy".encode())
    assert server.header("user-agent") == "mine"
    assert server.header("x-name") == "värde"
    assert server.header("cookie") == "a=1"
    assert server.header("content-type") is None
    assert b"X-Empty:\r\n" in server.requests[0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method(context: Context, method: str) -> None:
    async with serving(answer(204)) as server:
        seen = await look(context, server.url, method=method)
    assert seen.trouble is None
    assert server.line() == f"{method} / HTTP/1.1"


async def test_name_and_password_of_the_url_become_a_header(context: Context) -> None:
    async with serving(OK) as server:
        await look(context, f"http://u:p%40@127.0.0.1:{server.port}/")
    assert server.header("authorization") == "Basic dTpwQA=="


async def test_headers_are_those_of_the_final_answer(context: Context) -> None:
    raw = (
        b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    async with serving(raw) as server:
        seen = await look(context, server.url)
    assert seen.answer is not None
    assert seen.answer.headers() == {"x-a": "1, 2", "transfer-encoding": "chunked"}
    assert seen.answer.text() == "ok"


async def test_bodies_are_decoded(context: Context) -> None:
    packed = gzip.compress("grün".encode("latin-1"))
    said = answer(
        200, "Content-Encoding: gzip", "Content-Type: text/html; charset=latin-1", body=packed
    )
    async with serving(said) as server:
        seen = await look(context, server.url)
    assert seen.answer is not None
    assert seen.answer.text() == "grün"
    assert seen.facts["size"] == len(packed)


async def test_a_body_is_read_up_to_the_limit(context: Context) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 * BODY_LIMIT)) as server:
        seen = await look(context, server.url)
    assert seen.trouble is None
    assert seen.answer is not None
    assert len(seen.answer.body) == BODY_LIMIT


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"hello there\r\n\r\n",
        b"HTTP/9.1 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nX: 1\r\nX: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 20_000 + b"\r\n",
    ],
    ids=["empty", "text", "version", "status", "length", "partial", "colon", "head", "field",
         "chunk", "gzip", "long-header", "many-headers"],
)  # fmt: skip
async def test_what_is_not_http_is_a_protocol_error(context: Context, said: bytes) -> None:
    async with serving(said) as server:
        seen = await look(context, server.url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR, seen.trouble


async def test_refused(context: Context) -> None:
    port = closed_port()
    seen = await look(context, f"http://127.0.0.1:{port}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_REFUSED
    assert seen.trouble.message == f"connect to 127.0.0.1:{port} refused"
    assert list(seen.phases) == ["connect"]
    assert seen.answer is None


async def test_unreachable(context: Context) -> None:
    seen = await look(context, "http://255.255.255.255/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_UNREACHABLE, seen.trouble


async def test_reset_before_the_answer(context: Context) -> None:
    async with accepting(reset) as port:
        seen = await look(context, f"http://127.0.0.1:{port}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET


async def test_reset_in_the_answer(context: Context) -> None:
    async def break_off(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK[:-1])
        await asyncio.sleep(0.05)  # so that the bytes don't overtake the reset
        reset(writer)

    async with serving(break_off) as server:
        seen = await look(context, server.url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET
    assert "in the middle of its answer" in seen.trouble.message
    assert seen.facts["status"] == 200


async def test_hanging_is_a_timeout_at_the_time_given(context: Context) -> None:
    async with serving(hang) as server:
        began = time.perf_counter()
        seen = await look(context, server.url, timeout_s=0.3)
        took = time.perf_counter() - began
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert seen.trouble.message == (
        f"127.0.0.1:{server.port} took longer than 0.3 s before it answered"
    )
    assert 0.3 <= took < 2
    assert list(seen.phases) == ["connect", "first_byte"]
    assert 200 <= seen.phases["first_byte"] < 2000


async def test_dripping_is_a_timeout_too(context: Context) -> None:
    async def drip(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.01)

    async with serving(drip) as server:
        began = time.perf_counter()
        seen = await look(context, server.url, timeout_s=0.3)
        took = time.perf_counter() - began
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 0.3 <= took < 2
    assert list(seen.phases) == ["connect", "first_byte", "transfer"]


async def test_phases_are_durations(context: Context) -> None:
    async def slowly(_request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(OK[:-1])
        await asyncio.sleep(0.2)
        writer.write(OK[-1:])

    async with serving(slowly) as server:
        seen = await look(context, server.url)
    assert seen.phases["first_byte"] >= 95
    # A busy machine may notice the first byte late, never early.
    assert seen.phases["first_byte"] + seen.phases["transfer"] >= 295
    assert seen.phases["transfer"] >= 100
    assert sum(seen.phases.values()) <= seen.duration_ms


async def test_ipv6_addresses(context: Context) -> None:
    async with serving(OK, host="::1") as server:
        seen = await look(context, f"http://[::1]:{server.port}/")
    assert seen.trouble is None
    assert seen.facts["ip"] == "::1"
