"""Cookies: kept along one chain of redirects, for whom they are for, and no longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.prober.support import OK, Script, Server, answer, look, naming, serving

from vedette.prober.context import Context
from vedette.testing.certificates import identity

HOSTS: dict[str, list[str] | str | None] = {
    name: ["127.0.0.1"] for name in ("a.shop.example", "b.shop.example", "other.example")
}


def leading(*ways: tuple[str, bytes]) -> Script:
    """What each path says; OK at every other."""
    said = dict(ways)

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said.get(request.split()[1].decode(), OK))

    return script


@asynccontextmanager
async def two(says: Any, to: str) -> AsyncIterator[tuple[Server, Server, str]]:
    """A server that redirects with cookies, the one that it leads to, and who knows their names."""
    async with serving(OK) as end, naming(HOSTS) as (_, nameserver):
        location = f"Location: http://{to}:{end.port}/end/here"
        async with serving(answer(302, location, *says)) as start:
            yield start, end, nameserver


@pytest.mark.parametrize(
    ("said", "to", "sent"),
    [
        ("c=1", "a.shop.example", "c=1"),
        ("c=1", "b.shop.example", None),
        ("c=1; Domain=shop.example", "b.shop.example", "c=1"),
        ("c=1; Domain=shop.example", "other.example", None),
        ("c=1; Domain=other.example", "other.example", None),
        ("c=1; Path=/end", "a.shop.example", "c=1"),
        ("c=1; Path=/elsewhere", "a.shop.example", None),
        ("c=1; Secure", "a.shop.example", None),
        ("c=1; HttpOnly; SameSite=Strict", "a.shop.example", "c=1"),
        ("c=1; Max-Age=0", "a.shop.example", None),
        ("c=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT", "a.shop.example", None),
        ("c=", "a.shop.example", "c="),
        ("=", "a.shop.example", None),
        ("c=1\x01", "a.shop.example", None),
    ],
)
async def test_who_is_sent_them(context: Context, said: str, to: str, sent: str | None) -> None:
    path = "; Path=/" * ("Path" not in said)
    async with two([f"Set-Cookie: {said}{path}"], to) as (start, end, nameserver):
        seen = await look(context, f"http://a.shop.example:{start.port}/", resolver=nameserver)
    assert seen.trouble is None
    assert end.header("cookie") == sent


async def test_they_are_changed_on_the_way(context: Context) -> None:
    script = leading(
        ("/", answer(302, "Location: /two", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=1; Path=/")),
        ("/two", answer(302, "Location: /three", "Set-Cookie: a=2; Path=/")),
        ("/three", answer(302, "Location: /four", "Set-Cookie: b=; Path=/; Max-Age=0")),
    )
    async with serving(script) as server:
        seen = await look(context, server.url)
    assert seen.trouble is None
    sent = [sorted((server.header("cookie", n) or "").split("; ")) for n in range(4)]
    assert sent == [[""], ["a=1", "b=1"], ["a=2", "b=1"], ["a=2"]]


async def test_checks_at_once_do_not_share_them(context: Context) -> None:
    given = iter(range(20))
    came: list[tuple[bytes, bytes]] = []

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        path = request.split()[1]
        if path == b"/":
            number = next(given)
            await asyncio.sleep(0.05)
            said = answer(302, f"Location: /{number}", f"Set-Cookie: n={number}; Path=/")
            writer.write(said)
            return
        came.append((path, request.partition(b"\r\nCookie: ")[2].partition(b"\r\n")[0]))
        writer.write(OK)

    async with serving(script) as server:
        seen = await asyncio.gather(*[look(context, server.url) for _ in range(20)])
    assert [one.trouble for one in seen] == [None] * 20
    assert sorted(came) == sorted((b"/%d" % n, b"n=%d" % n) for n in range(20))


async def test_secure_ones_are_for_https(context: Context) -> None:
    with identity("valid") as good:
        here = replace(context, ca_file=str(good.ca_file))
        script = leading(("/", answer(302, "Location: /x", "Set-Cookie: s=1; Path=/; Secure")))
        async with serving(script, tls=good.context) as server:
            seen = await look(here, f"https://localhost:{server.port}/")
    assert seen.trouble is None
    assert server.header("cookie") == "s=1"


async def test_no_number_of_them_is_too_large(context: Context) -> None:
    many = [f"Set-Cookie: n{n}={'x' * 100}; Path=/" for n in range(300)]
    async with serving(leading(("/", answer(302, "Location: /x", *many)))) as server:
        seen = await look(context, server.url)
    assert seen.trouble is None
    assert len(server.header("cookie") or "") < 10_000
