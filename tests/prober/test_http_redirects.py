"""Redirects, hop by hop."""

import asyncio

import pytest
from tests.prober.support import OK, Server, answer, hang, look, serving

from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.http.request import redirected, request_of


def paths(server: Server) -> list[str]:
    return [server.line(number).split()[1] for number in range(len(server.requests))]


def to(*routes: tuple[str, bytes]):  # type: ignore[no-untyped-def]
    """A script that answers by path; anything else is answered 200."""
    known = dict(routes)

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(known.get(request.split()[1].decode(), OK))
        await writer.drain()

    return script


async def test_a_redirect_is_followed(context: Context) -> None:
    async with serving(to(("/", answer(302, "Location: next?a=b c")))) as server:
        seen = await look(context, server.url)
    assert seen.trouble is None
    assert paths(server) == ["/", "/next?a=b+c"]
    assert seen.facts["redirects"] == 1
    assert seen.facts["status"] == 200


async def test_a_redirect_is_not_followed_if_not_wanted(context: Context) -> None:
    async with serving(answer(302, "Location: /next", body=b"over there")) as server:
        seen = await look(context, server.url, follow_redirects=False)
    assert len(server.requests) == 1
    assert seen.facts["status"] == 302
    assert seen.answer is not None
    assert seen.answer.text() == "over there"


async def test_the_body_of_a_redirect_is_not_waited_for(context: Context) -> None:
    said = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 1000\r\n\r\n"

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/next" in request:
            writer.write(OK)
            return
        writer.write(said)
        await hang(request, writer)

    async with serving(script) as server:
        seen = await look(context, server.url)
    assert seen.trouble is None


@pytest.mark.parametrize("status", [300, 304, 305])
async def test_other_statuses_lead_nowhere(context: Context, status: int) -> None:
    async with serving(answer(status, "Location: /next")) as server:
        seen = await look(context, server.url)
    assert seen.facts["status"] == status
    assert len(server.requests) == 1


async def test_ten_redirects_are_followed_and_no_more(context: Context) -> None:
    async def count(request: bytes, writer: asyncio.StreamWriter) -> None:
        number = int(request.split()[1][1:] or b"0")
        writer.write(OK if number == 10 else answer(307, f"Location: /{number + 1}"))

    async with serving(count) as server:
        assert (await look(context, server.url)).trouble is None
    async with serving(answer(301, "Location: /")) as server:
        seen = await look(context, server.url)
    assert len(server.requests) == 11
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TOO_MANY_REDIRECTS
    assert seen.facts["status"] == 301
    assert seen.facts["redirects"] == 10


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://[::1", "x:"]
)
async def test_only_http_is_followed(context: Context, location: str) -> None:
    async with serving(answer(302, f"Location: {location}")) as server:
        seen = await look(context, server.url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert location in seen.trouble.message


async def test_secrets_stay_with_their_origin(context: Context) -> None:
    headers = {"Authorization": "Bearer s", "Cookie": "a=1", "X-Other": "1", "Host": "front"}
    async with serving(OK) as other:
        leading = to(
            ("/", answer(302, "Location: /same")),
            ("/same", answer(302, f"Location: http://127.0.0.1:{other.port}/")),
        )
        async with serving(leading) as server:
            await look(context, server.url, headers=headers)
    assert server.header("authorization") == "Bearer s"
    assert server.header("cookie") == "a=1"
    assert server.header("host") == "front"
    assert other.header("authorization") is None
    assert other.header("cookie") is None
    assert other.header("x-other") == "1"
    assert other.header("host") == f"127.0.0.1:{other.port}"


async def test_cookies_last_one_chain(context: Context) -> None:
    leading = to(("/", answer(302, "Location: /next", "Set-Cookie: s=1; Path=/")))
    async with serving(leading) as server:
        await look(context, server.url, headers={"Cookie": "mine=2"})
        await look(context, server.url)
    assert [server.header("cookie", n) for n in range(4)] == [
        "mine=2",
        "s=1; mine=2",
        None,
        "s=1",
    ]


@pytest.mark.parametrize(
    ("method", "status", "following"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("PUT", 302, "PUT"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("DELETE", 301, "DELETE"),
    ],
)
async def test_methods(context: Context, method: str, status: int, following: str) -> None:
    async with serving(to(("/", answer(status, "Location: /next")))) as server:
        seen = await look(context, server.url, method=method, body="b")
    assert seen.trouble is None
    assert server.line().split()[0] == following
    kept = following == method and method != "HEAD"
    assert server.requests[-1].endswith(b"\r\n\r\nb") is kept


def test_a_body_that_is_dropped_takes_its_headers_along() -> None:
    target = HttpTarget(
        url="http://a.example/",
        method="POST",
        body="{}",
        headers={"Content-Type": "application/json", "X-A": "1"},
    )
    following = redirected(request_of(target), 303, b"/next")
    assert [name for name, _ in following.headers] == ["x-a", "user-agent", "accept-encoding"]


async def test_the_deadline_is_one_for_all_requests(context: Context) -> None:
    async def slowly(_request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(answer(302, "Location: /"))

    async with serving(slowly) as server:
        seen = await look(context, server.url, timeout_s=0.35)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 350 <= seen.duration_ms < 2000
