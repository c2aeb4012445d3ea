"""Kind websocket, against real servers and scripted ones."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter
from tests.prober.support import closed_port, naming, reset, time_for
from tests.prober.talking import Maker, Talk, presenting, talking
from tests.prober.websockets_servers import (
    SWITCHING,
    agreeing,
    answering,
    frame,
    websocket,
    websockets,
)
from websockets.asyncio.server import ServerConnection, basic_auth

from vedette.core.assertions import Assertions
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Expectation, judge
from vedette.prober.guard import Guard

TEXT, BINARY, CLOSE, PING, PONG, CONTINUED = 1, 2, 8, 9, 10, 0
ANY: list[dict[str, Any]] = [{"expect": ".*"}]


async def test_the_upgrade_is_enough_and_the_goodbye_is_said(context: Context) -> None:
    codes: list[int | None] = []

    async def listen(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with websockets(listen) as port:
        seen = await websocket(context, port)
    assert seen.trouble is None
    assert seen.facts == {"ip": "127.0.0.1", "status": 101}
    assert list(seen.phases) == ["connect", "upgrade"]
    assert judge(seen, Expectation()).outcome == "up"
    assert codes == [1000]


async def test_a_dialogue_of_texts_and_bytes(context: Context) -> None:
    steps: list[dict[str, Any]] = [
        {"send": "hello"},
        {"expect": "h(?P<rest>.*)", "send": "got ${rest}", "labels": {"rest": "${1}"}},
        {"expect": "^got ello$", "send": {"base64": "AAEC"}},
        {"expect_bytes": {"base64": "AAEC"}, "send": "end"},
        {"expect_bytes": "end", "send": '{"up": true}'},
        {"expect": "up"},
    ]
    async with websockets() as port:
        seen = await websocket(context, port, steps=steps, close_codes=[1000])
    assert seen.trouble is None, seen.trouble
    assert list(seen.phases) == ["connect", "upgrade", "messages", "close"]
    assert seen.facts["label_rest"] == "ello"
    assert seen.facts["size"] == 12
    assert seen.facts["close_code"] == 1000
    assert seen.subjects["body"] == '{"up": true}'
    assertion = {
        "all": [
            {"subject": "status", "operator": "equals", "value": 101},
            {
                "subject": "header",
                "property": "Upgrade",
                "operator": "equals",
                "value": "websocket",
            },
            {"subject": "json", "property": "$.up", "operator": "equals", "value": True},
            {"subject": "latency", "property": "messages", "operator": "less", "value": 5000},
        ]
    }
    expectation = Expectation.of(TypeAdapter(Assertions).validate_python([assertion]))
    assert judge(seen, expectation).outcome == "up"


async def test_over_tls_by_a_name(context: Context) -> None:
    own = Maker().make("here")
    async with websockets(tls=presenting(own)) as port:
        url = f"wss://localhost:{port}/"
        seen = await websocket(context, port, url=url, tls={"ca": own.pem})
        distrusted = await websocket(context, port, url=url)
    assert seen.trouble is None, seen.trouble
    assert list(seen.phases) == ["resolve", "connect", "tls", "upgrade"]
    assert "certificate_expires_at" in seen.facts
    assert distrusted.trouble is not None
    assert distrusted.trouble.reason is Reason.TLS_SELF_SIGNED


@pytest.mark.parametrize(
    "target",
    [
        {"auth": {"scheme": "basic", "username": "ann", "password": "pass"}},
        {"headers": {"authorization": "Basic YW5uOnBhc3M="}},
        {
            "headers": {"Authorization": "Bearer other"},
            "auth": {"scheme": "basic", "username": "ann", "password": "pass"},
        },
    ],
)
async def test_logging_in(context: Context, target: dict[str, Any]) -> None:
    login = basic_auth(credentials=("ann", "pass"))
    async with websockets(process_request=login) as port:
        seen = await websocket(context, port, **target)
        refused = await websocket(context, port, auth={"scheme": "bearer", "token": "wrong"})
        by_url = await websocket(context, port, url=f"ws://ann:pass@127.0.0.1:{port}/")
    assert seen.trouble is None, seen.trouble
    assert by_url.trouble is None, by_url.trouble
    assert refused.trouble is not None
    assert refused.trouble.reason is Reason.STATUS
    assert "HTTP status 401" in refused.trouble.message
    assert refused.facts["status"] == 401


async def test_our_own_headers(context: Context) -> None:
    heads: list[bytes] = []

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")

    async with talking(talk) as port:
        async with naming({"a.example": ["127.0.0.1"]}) as (_, at):
            await websocket(context, port, url=f"ws://A.example.:{port}/a?b=c", resolver=at)
        headers = {"Host": "inner.example", "user-agent": "mine"}
        await websocket(context, port, headers=headers, subprotocols=["a", "b"])
    first, second = (head.decode().lower() for head in heads)
    assert first.startswith("get /a?b=c http/1.1\r\n")
    assert f"host: a.example:{port}\r\n" in first
    assert "user-agent: vedette/" in first
    assert second.count("host:") == second.count("user-agent:") == 1
    assert "host: inner.example\r\n" in second
    assert "user-agent: mine\r\n" in second
    assert "sec-websocket-protocol: a, b\r\n" in second


async def test_a_subprotocol_is_picked_or_missed(context: Context) -> None:
    async with websockets(subprotocols=["b"]) as port:
        seen = await websocket(context, port, subprotocols=["a", "b"])
    assert seen.facts["subprotocol"] == "b"
    async with talking(agreeing()) as port:
        missed = await websocket(context, port, subprotocols=["a", "b"])
        free = await websocket(context, port, subprotocols=["a"], require_subprotocol=False)
    assert missed.trouble is not None
    assert missed.trouble.reason is Reason.HEADER
    assert "picked no subprotocol; a, b was offered" in missed.trouble.message
    assert free.trouble is None
    async with talking(agreeing(headers=b"Sec-WebSocket-Protocol: c\r\n")) as port:
        other = await websocket(context, port, subprotocols=["a"])
    assert other.trouble is not None
    assert other.trouble.reason is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nplain", Reason.STATUS, "HTTP status 200, without an upgrade"),
        (b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n", Reason.STATUS, "302"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n", Reason.STATUS, "503"),
        (SWITCHING + b"\r\n", Reason.PROTOCOL_ERROR, "missing Sec-WebSocket-Accept"),
        (
            SWITCHING + b"Sec-WebSocket-Accept: AAAA\r\n\r\n",
            Reason.PROTOCOL_ERROR,
            "invalid Sec-WebSocket-Accept",
        ),
        (b"HTTP/1.1 101 Go\r\nUpgrade: h2c\r\n\r\n", Reason.PROTOCOL_ERROR, "Connection"),
        (b"SSH-2.0-x\r\n\r\n", Reason.PROTOCOL_ERROR, "not valid HTTP: 'SSH-2.0-x"),
        (b"\xff" * 100_000, Reason.PROTOCOL_ERROR, "not valid HTTP"),
        (b"HTTP/1.1 101 Go\r\n", Reason.TIMEOUT, "WebSocket upgrade"),
        (b"", Reason.TIMEOUT, "WebSocket upgrade"),
    ],
)
async def test_no_upgrade(context: Context, answer: bytes, reason: Reason, words: str) -> None:
    async with answering(answer) as port:
        seen = await websocket(context, port, timeout_s=time_for(reason))
    assert seen.trouble is not None
    assert (seen.trouble.reason, words in seen.trouble.message) == (reason, True), seen.trouble
    assert seen.duration_ms < 4000


async def test_what_the_answer_said_is_evidence(context: Context) -> None:
    async with answering(b"HTTP/1.1 403 Forbidden\r\nX-Why: a\r\n\r\nno such origin") as port:
        seen = await websocket(context, port)
    assert seen.answer is not None
    assert seen.answer.headers() == {"x-why": "a"}
    assert seen.answer.text() == "no such origin"


async def test_a_wrong_accept_may_be_ignored(context: Context) -> None:
    async with answering(SWITCHING + b"\r\n" + frame(TEXT, b"hi")) as port:
        seen = await websocket(
            context, port, ignore_bad_accept=True, steps=[{"expect": "hi"}], close_codes=[1000]
        )
        other = await websocket(context, port, ignore_bad_accept=True, close_codes=[1001])
    assert seen.trouble is None, seen.trouble
    assert other.trouble is not None
    assert other.trouble.reason is Reason.STATUS


async def test_pings_are_answered_and_fragments_joined(context: Context) -> None:
    frames = [
        frame(PONG, b"unasked"),
        frame(TEXT, b"\xc3", fin=False),
        frame(PING, b"there?"),
        frame(CONTINUED, b"\xa9t\xc3\xa9"),
    ]
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        await agreeing(*frames, stay=False)(reader, writer)
        heard.set_result(await reader.readexactly(12))
        await reader.read()

    async with talking(talk) as port:
        seen = await websocket(context, port, steps=[{"expect": "^\u00e9t\u00e9$"}])
        pong = await asyncio.wait_for(heard, 5)
    assert seen.trouble is None, seen.trouble
    assert tuple(pong[:2]) == (0x80 | PONG, 0x80 | len(b"there?"))


@pytest.mark.parametrize(
    ("frames", "reason", "words"),
    [
        (
            [frame(TEXT, b"other")],
            Reason.BODY,
            "step 1, expecting a message with '^hi': it sent 'o",
        ),
        ([frame(BINARY, b"\xff")], Reason.BODY, r"it sent '\\xff'"),
        ([frame(CLOSE, b"\x0f\xa1bye")], Reason.BODY, "it closed with 4001 (private use) bye"),
        ([frame(TEXT, b"\xff")], Reason.PROTOCOL_ERROR, "not UTF-8"),
        ([frame(3)], Reason.PROTOCOL_ERROR, "does not speak as a WebSocket"),
        ([frame(CONTINUED, b"x")], Reason.PROTOCOL_ERROR, "does not speak as a WebSocket"),
        ([b"HTTP/1.1 500 Oops\r\n" * 10], Reason.PROTOCOL_ERROR, "does not speak as a WebSocket"),
        ([frame(TEXT, b"x" * 1001)], Reason.BODY, "a message larger than 1000 bytes"),
        ([frame(TEXT, b"x", fin=False)] * 2, Reason.PROTOCOL_ERROR, "as a WebSocket"),
        (
            [frame(TEXT, b"x" * 600, fin=False), frame(CONTINUED, b"x" * 600)],
            Reason.BODY,
            "a message larger than 1000 bytes",
        ),
        ([b"\x81\x7f" + b"\x7f" * 8], Reason.BODY, "a message larger than 1000 bytes"),
        ([frame(PING)], Reason.TIMEOUT, "step 1, expecting a message with '^hi'"),
    ],
)
async def test_messages_that_are_not_as_expected(
    context: Context, frames: list[bytes], reason: Reason, words: str
) -> None:
    async with talking(agreeing(*frames)) as port:
        seen = await websocket(
            context,
            port,
            steps=[{"expect": "^hi"}],
            message_limit_bytes=1000,
            timeout_s=time_for(reason),
        )
    assert seen.trouble is not None
    assert (seen.trouble.reason, words in seen.trouble.message) == (reason, True), seen.trouble


async def test_other_messages_may_be_skipped(context: Context) -> None:
    frames = [frame(TEXT, b"tick"), frame(TEXT, b"tock"), frame(TEXT, b"hi there")]
    async with talking(agreeing(*frames)) as port:
        steps = [{"expect": "^hi (.*)", "skip_others": True}]
        seen = await websocket(context, port, steps=steps)
        late = await websocket(
            context, port, steps=[{"expect": "^no", "skip_others": True}], timeout_s=0.3
        )
    assert seen.trouble is None
    assert seen.subjects["body"] == "hi there"
    assert late.trouble is not None
    assert "after others, the last 'hi there'" in late.trouble.message


async def test_a_message_of_a_mebibyte(context: Context) -> None:
    async with talking(agreeing(frame(BINARY, b"x" * 2**20))) as port:
        seen = await websocket(context, port, steps=ANY)
    assert seen.trouble is None, seen.trouble
    assert seen.facts["size"] == 2**20


@pytest.mark.parametrize(
    ("server", "codes", "reason", "code"),
    [
        (agreeing(frame(CLOSE, b"\x03\xe9")), [1001], None, 1001),
        (agreeing(frame(CLOSE, b"\x03\xe9")), [1000], Reason.STATUS, 1001),
        (agreeing(frame(CLOSE)), [1005], None, 1005),
        (agreeing(frame(TEXT, b"news"), stay=False), [1006], None, 1006),
        (agreeing(stay=False), [1000], Reason.STATUS, 1006),
        (agreeing(frame(CLOSE, b"\x03")), [1000], Reason.PROTOCOL_ERROR, None),
        (agreeing(), [1000], Reason.TIMEOUT, None),
    ],
)
async def test_close_codes(
    context: Context, server: Talk, codes: list[int], reason: Reason | None, code: int | None
) -> None:
    async with talking(server) as port:
        seen = await websocket(context, port, close_codes=codes, timeout_s=time_for(reason))
    assert (seen.trouble and seen.trouble.reason) == reason, seen.trouble
    assert seen.facts.get("close_code") == code


async def test_floods_end_in_time_and_leave_others_their_turn(context: Context) -> None:
    """Whoever never stops talking is told so in the end, and others are served meanwhile."""

    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        await agreeing(stay=False)(reader, writer)
        while True:
            writer.write(frame(PONG) * 10_000)
            await writer.drain()

    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with talking(flood) as port:
        beside = asyncio.ensure_future(others())
        seen = await websocket(context, port, steps=ANY, timeout_s=0.5)
        beside.cancel()
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert seen.duration_ms < 5000
    assert turns > 10


async def test_a_reset_in_the_middle(context: Context) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        await agreeing(stay=False)(reader, writer)
        await reader.read(10)
        reset(writer)

    async with talking(talk) as port:
        seen = await websocket(context, port, steps=[{"send": "hi"}, {"expect": "hi"}])
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET


async def test_what_forbids_and_fails_before(context: Context) -> None:
    guarded = replace(context, guard=Guard("loopback"))
    forbidden = await websocket(guarded, closed_port())
    refused = await websocket(context, closed_port())
    async with naming({}) as (_, at):
        nowhere = await websocket(context, 1, url="ws://none.example/", resolver=at)
    reasons = [one.trouble and one.trouble.reason for one in (forbidden, refused, nowhere)]
    assert reasons == [Reason.FORBIDDEN_TARGET, Reason.CONNECT_REFUSED, Reason.DNS_NXDOMAIN]
