"""Handles are used again: what one check sent, or was answered, is nothing to the next."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.prober.support import OK, Server, answer, look, naming, serving

from vedette.prober.answer import Answer
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.guard import Guard
from vedette.prober.http.reception import Reception

ANSWERS = {
    "the usual": OK,
    "an older version": b"HTTP/1.0 200 OK\r\n\r\nok",
    "no version": b"ok",
    "a cookie": answer(200, "Set-Cookie: a=1; Path=/", body=b"ok"),
    "a challenge": answer(401, 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'),
    "a switch": answer(200, "Upgrade: h2c", "Connection: Upgrade", body=b"ok"),
    "another service": answer(200, 'Alt-Svc: h2=":443"; ma=86400', body=b"ok"),
    "a redirect": answer(302, "Location: /there", "Set-Cookie: a=1; Path=/"),
    "another time": answer(503, "Retry-After: 100"),
    "pieces": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "a coding": answer(200, "Content-Encoding: gzip"),
    "too much": OK + b"more",
    "half of it": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    "nothing": b"",
}
TARGETS: dict[str, dict[str, Any]] = {
    "plain": {},
    "headers": {"headers": {"X-Own": "1", "Cookie": "b=2", "Authorization": "Bearer t"}},
    "credentials": {"auth": {"scheme": "digest", "username": "u", "password": "p"}},
    "a body": {"method": "POST", "body": "text"},
    "another method": {"method": "OPTIONS"},
    "the head alone": {"method": "HEAD"},
    "no body read": {"read_body": False},
    "a small limit": {"body_limit_bytes": 1},
    "no compression": {"compression": "off"},
    "a version": {"http_version": "1.1"},
    "no redirects": {"follow_redirects": False},
}
NAME = "target.example"


@dataclass
class Saying:
    """Says what it is told, by default what is usual, with the next answer."""

    server: Server = field(default_factory=Server)
    next: bytes = OK

    async def script(self, _request: bytes, writer: asyncio.StreamWriter) -> None:
        said, self.next = self.next, OK
        writer.write(said)


@asynccontextmanager
async def saying() -> AsyncIterator[Saying]:
    says = Saying()
    async with serving(says.script) as says.server:
        yield says


def told(seen: Seen) -> tuple[Any, ...]:
    """What a check saw, but for its times."""
    body = None if seen.answer is None else bytes(seen.answer.body)
    return seen.trouble, seen.facts, body, list(seen.phases), seen.subjects


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("said", ANSWERS)
async def test_a_check_leaves_nothing_to_the_next(context: Context, said: str, target: str) -> None:
    async with saying() as says:
        first = told(await look(context, says.server.url))
        says.next = ANSWERS[said]
        await look(context, says.server.url, **TARGETS[target])
        last = told(await look(context, says.server.url))
    assert says.server.requests[-1] == says.server.requests[0]
    assert last == first


async def test_header_lines_are_left_to_nobody(context: Context) -> None:
    async with serving(OK) as server:
        for _ in range(2):
            for headers in ({"X-One": "1"}, {"X-Two": "2"}, {}):
                await look(context, server.url, headers=headers)
    sent = [(server.header("x-one", n), server.header("x-two", n)) for n in range(6)]
    assert sent == [("1", None), (None, "2"), (None, None)] * 2


async def test_a_plain_check_takes_the_handle_of_another(context: Context) -> None:
    async with serving(OK) as server:
        for path in ("one", "two", "three"):
            await look(context, server.url + path)
    assert [len(idle) for idle in context.curl._idle.values() if idle] == [1]


async def test_an_idle_handle_holds_no_answer(context: Context) -> None:
    async with serving(OK) as server:
        seen = await look(context, server.url)
    assert seen.answer is not None
    for held in (seen.answer.head, seen.answer.body):
        holders = gc.get_referrers(held)
        assert [one for one in holders if isinstance(one, Answer)]
        assert not [one for one in holders if isinstance(one, Reception)]


@pytest.mark.parametrize("forbidden", ["", "198.51.100.0/24"])
async def test_where_a_name_led_is_forgotten(context: Context, forbidden: str) -> None:
    here = replace(context, guard=Guard(forbidden))
    async with serving(OK) as one, serving(OK, host="127.0.0.2", port=one.port) as two:
        for address, server in (("127.0.0.1", one), ("127.0.0.2", two)):
            async with naming({NAME: [address]}) as (_, nameserver):
                url = f"http://{NAME}:{one.port}/"
                seen = await look(here, url, resolver=nameserver)
            assert seen.trouble is None
            assert seen.facts["ip"] == address
            assert server.header("host") == f"{NAME}:{one.port}"
        seen = await look(here, one.url)
    assert seen.facts["ip"] == "127.0.0.1"
    assert one.header("host") == f"127.0.0.1:{one.port}"


async def test_a_guard_judges_each_check_for_itself(context: Context) -> None:
    closed = replace(context, guard=Guard("127.0.0.2"))
    async with serving(OK) as server:
        assert (await look(closed, server.url)).trouble is None
        refused = await look(closed, f"http://127.0.0.2:{server.port}/")
        assert (await look(context, server.url)).trouble is None
    assert refused.trouble is not None
    assert "127.0.0.2 must not be checked" in refused.trouble.message
