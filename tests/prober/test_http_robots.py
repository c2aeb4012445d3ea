"""Targets whose robots.txt says who may check them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.prober.support import Script, answer, serving

from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.probes.http import HttpProbe


def site(robots: bytes, status: int = 200) -> Script:
    async def say(request: bytes, writer: asyncio.StreamWriter) -> None:
        asked = request.startswith(b"GET /robots.txt ")
        writer.write(answer(status, body=robots) if asked else answer(200, body=b"page"))

    return say


async def look(context: Context, url: str, **target: Any) -> Seen:
    probe = HttpProbe(HttpTarget(url=url, respect_robots=True, **target))
    return await probe.probe(context, 5)


@pytest.mark.parametrize(
    ("robots", "path", "agent", "allowed"),
    [
        (b"User-agent: *\nDisallow: /\n", "a", None, False),
        (b"User-agent: *\nDisallow: *\n", "a", None, False),
        (b"User-agent: *\nDisallow: /b/\n", "a", None, True),
        (b"User-agent: *\nDisallow: /*.php$\n", "x/a.php", None, False),
        (b"User-agent: *\nDisallow: /\nAllow: /health\n", "health", None, True),
        (b"User-agent: Vedette\nDisallow: /\n", "a", None, False),
        (b"User-agent: Vedette\nDisallow: /\n", "a", "Other/1.0", True),
        (b"User-agent: other\nDisallow: /\n", "a", "Other/1.0", False),
        (b"", "a", None, True),
        (b"\xff\0nonsense", "a", None, True),
    ],
)
async def test_what_is_forbidden_is_not_asked_for(
    context: Context, robots: bytes, path: str, agent: str | None, allowed: bool
) -> None:
    headers = {} if agent is None else {"User-Agent": agent}
    async with serving(site(robots)) as server:
        seen = await look(context, server.url + path, headers=headers)
        assert [line.split()[1] for line in map(server.line, range(len(server.requests)))] == [
            "/robots.txt",
            *([f"/{path}"] if allowed else []),
        ]
    if allowed:
        assert seen.trouble is None
    else:
        assert seen.trouble is not None
        assert seen.trouble.reason is Reason.FORBIDDEN_TARGET
        assert "robots.txt does not allow this" in seen.trouble.message


@pytest.mark.parametrize("status", [404, 403, 500])
async def test_what_can_not_be_had_forbids_nothing(context: Context, status: int) -> None:
    async with serving(site(b"User-agent: *\nDisallow: /\n", status)) as server:
        assert (await look(context, server.url)).trouble is None


async def test_it_is_asked_for_once_an_hour(context: Context) -> None:
    async with serving(site(b"")) as server:
        probe = HttpProbe(HttpTarget(url=server.url, respect_robots=True))
        await asyncio.gather(*[probe.probe(context, 5) for _ in range(5)])
        asked = [server.line(number) for number in range(len(server.requests))]
    assert sum("robots.txt" in line for line in asked) == 1
    assert len(asked) == 6


async def test_a_target_that_is_not_there_says_so_itself(context: Context) -> None:
    async with serving(site(b"")) as server:
        url = server.url
    seen = await look(context, url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_REFUSED


async def test_neither_credentials_nor_a_body_go_there(context: Context) -> None:
    async with serving(site(b"")) as server:
        await look(
            context,
            server.url,
            method="POST",
            body="secret",
            headers={"X-Key": "k"},
            auth={"scheme": "bearer", "token": "t"},
        )
        robots = server.requests[0]
    assert robots.startswith(b"GET /robots.txt ")
    assert not any(word in robots.lower() for word in (b"secret", b"x-key", b"authorization"))
