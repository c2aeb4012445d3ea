"""Kind tcp: dialogues, against real sockets."""

import base64
from asyncio import StreamReader, StreamWriter
from typing import Any

import pytest
from tests.prober.talking import talking, tcp

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.streams.stream import LINE_LIMIT


async def once(_reader: StreamReader, writer: StreamWriter) -> None:
    """Say something, and leave."""
    writer.write(b"one\r\ntwo\r\nthree")


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    """Say what is said."""
    while data := await reader.read(1000):
        writer.write(data)


async def test_lines_that_do_not_match_are_skipped(context: Context) -> None:
    async with talking(b"* wait\r\n* still\r\n220 ready\r\n") as port:
        seen = await tcp(context, port, steps=[{"expect": "^220"}])
    assert seen.trouble is None
    assert list(seen.phases) == ["connect", "first_byte", "transfer"]
    assert seen.facts["size"] == len(b"* wait\r\n* still\r\n220 ready\r\n")
    assert seen.subjects["body"] == "* wait\r\n* still\r\n220 ready\r\n"


async def test_the_last_line_needs_no_end(context: Context) -> None:
    async with talking(once) as port:
        seen = await tcp(context, port, steps=[{"expect": "^three$"}])
    assert seen.trouble is None


async def test_a_line_has_no_carriage_return(context: Context) -> None:
    async with talking(once) as port:
        seen = await tcp(context, port, steps=[{"expect": "^two$"}])
    assert seen.trouble is None


async def test_no_line_matches(context: Context) -> None:
    async with talking(once) as port:
        seen = await tcp(context, port, steps=[{"expect": "^four"}])
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.BODY
    assert "after 3 others, the last 'three'" in seen.trouble.message
    assert seen.answer is not None
    assert seen.answer.text() == "one\r\ntwo\r\nthree"


async def test_a_line_that_comes_too_late_says_what_came_before(context: Context) -> None:
    async with talking(b"220 hello\n") as port:
        seen = await tcp(context, port, steps=[{"expect": "^250"}], timeout_s=0.2)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert "the last '220 hello'" in seen.trouble.message


async def test_groups_are_said_and_kept(context: Context) -> None:
    steps = [
        {
            "expect": "hello <(?P<mark>[^>]+)> (.*)",
            "send": "your ${mark}, ${2}",
            "labels": {"who": "${2} at ${1}"},
        },
        {"expect": "^thanks for (.*)$", "send": "again ${mark}: ${1}"},
        {"read": "some"},
    ]
    heard: list[bytes] = []

    async def listen(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"hello <7@mail> there\n")
        heard.append(await reader.readline())
        writer.write(b"thanks for all\n")
        heard.append(await reader.readline())
        writer.write(b".")

    async with talking(listen) as port:
        seen = await tcp(context, port, steps=steps, line_ending="\r\n")
    assert seen.trouble is None
    assert heard == [b"your 7@mail, there\r\n", b"again 7@mail: all\r\n"]
    assert seen.facts["label_who"] == "there at 7@mail"


@pytest.mark.parametrize(
    "expected", ["no-newline", {"base64": base64.b64encode(b"no-newline").decode()}]
)
async def test_bytes_need_no_line(context: Context, expected: Any) -> None:
    async with talking(b"no-newline") as port:
        seen = await tcp(context, port, steps=[{"expect_bytes": expected}])
    assert seen.trouble is None


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"yes-newline", "it sent 'yes-newlin'"), (b"no", None)],
)
async def test_other_bytes(context: Context, said: bytes, words: str | None) -> None:
    async def say(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(said)

    async with talking(say) as port:
        seen = await tcp(context, port, steps=[{"expect_bytes": "no-newline"}])
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.BODY
    assert (words or "closed the connection") in seen.trouble.message


async def test_an_answer_is_the_body(context: Context) -> None:
    async with talking(echo) as port:
        seen = await tcp(context, port, steps=[{"send": {"base64": "UElORw=="}}, {"read": "some"}])
    assert seen.trouble is None
    assert seen.subjects["body"] == "PING"


async def test_everything_until_the_end(context: Context) -> None:
    async with talking(once) as port:
        seen = await tcp(context, port, steps=[{"expect": "one"}, {"read": "end"}])
    assert seen.trouble is None
    assert seen.subjects["body"] == "one\r\ntwo\r\nthree"


async def test_no_answer_but_the_end(context: Context) -> None:
    async def leave(_reader: StreamReader, _writer: StreamWriter) -> None: ...

    async with talking(leave) as port:
        seen = await tcp(context, port, steps=[{"read": "some"}])
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.BODY


async def test_a_line_without_end_is_not_kept_for_ever(context: Context) -> None:
    async with talking(b"x" * (4 * LINE_LIMIT)) as port:
        seen = await tcp(context, port, steps=[{"expect": "y"}])
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR


async def test_an_endless_answer_ends(context: Context) -> None:
    async def flood(_reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            writer.write(b"no such luck\n" * 10_000)
            await writer.drain()

    async with talking(flood) as port:
        expecting = await tcp(context, port, steps=[{"expect": "y"}])
        reading = await tcp(context, port, steps=[{"read": "end"}])
    assert expecting.trouble is not None
    assert expecting.trouble.reason is Reason.PROTOCOL_ERROR
    assert reading.trouble is None
    assert reading.facts["size"] == 1024 * 1024


async def test_a_hostile_line_takes_no_time(context: Context) -> None:
    async with talking(b"a" * 60_000 + b"\n") as port:
        seen = await tcp(context, port, steps=[{"expect": "^(a+)+$"}], timeout_s=5)
    assert seen.trouble is None
    assert seen.duration_ms < 3000
