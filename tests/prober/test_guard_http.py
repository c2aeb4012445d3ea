"""Kind http connects to no forbidden address, however it is led there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import psutil
import pytest
import pytest_asyncio
from tests.prober.support import OK, Server, answer, closed_port, look, naming, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.curl import CurlDriver
from vedette.prober.domain import Trouble
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver


@pytest_asyncio.fixture
async def closed(context: Context) -> Context:
    """A prober that must not look inside."""
    return replace(context, guard=Guard("all-internal"))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(OK) as running:
        yield running


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0177.0.0.01",
        "0",
        "0.0.0.0",
        "localhost",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "[64:ff9b::7f00:1]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ],
)
async def test_no_spelling_slips_through(closed: Context, server: Server, host: str) -> None:
    seen = await look(closed, f"http://{host}:{server.port}/")
    assert _reason(seen.trouble) is Reason.FORBIDDEN_TARGET
    assert server.open_now == 0
    assert not server.requests


async def test_what_is_allowed_is_connected_to(context: Context, server: Server) -> None:
    some = replace(context, guard=Guard("all-internal", "127.0.0.1"))
    seen = await look(some, server.url)
    assert seen.trouble is None
    assert seen.facts["status"] == 200


async def test_a_name_is_judged_by_its_addresses() -> None:
    names = {"inside.test": ["127.0.0.1"], "both.test": ["127.0.0.2", "127.0.0.1"]}
    async with naming(names) as (_, nameserver), serving(OK) as server:
        context = Context(
            CurlDriver(), Resolver([nameserver]), "", Guard("127.0.0.0/8", "127.0.0.1")
        )
        assert (await look(context, f"http://both.test:{server.port}/")).facts["status"] == 200
        shut = replace(context, guard=Guard("127.0.0.0/8"))
        for name in names:
            seen = await look(shut, f"http://{name}:{server.port}/")
            assert _reason(seen.trouble) is Reason.FORBIDDEN_TARGET
        context.curl.close()
        await context.resolver.close()
    assert len(server.requests) == 1


async def test_another_address_that_refuses_is_the_target(context: Context) -> None:
    async with naming({"both.test": ["127.0.0.2", "127.0.0.1"]}) as (_, nameserver):
        resolver = Resolver([nameserver])
        some = replace(context, resolver=resolver, guard=Guard("127.0.0.2"))
        seen = await look(some, f"http://both.test:{closed_port()}/")
        await resolver.close()
    assert _reason(seen.trouble) is Reason.CONNECT_REFUSED


async def test_a_redirect_to_inside_is_the_targets_doing(context: Context) -> None:
    async with (
        serving(OK) as inside,
        serving(
            answer(302, f"Location: http://127.0.0.2:{inside.port}/"), host="127.0.0.1"
        ) as outside,
    ):
        some = replace(context, guard=Guard("loopback", "127.0.0.1"))
        seen = await look(some, outside.url)
    assert _reason(seen.trouble) is Reason.REDIRECT_BLOCKED
    assert seen.trouble is not None
    assert "127.0.0.2" in seen.trouble.message
    assert not inside.requests


async def test_refusals_leave_no_socket_behind(closed: Context, server: Server) -> None:
    before = _open_files()
    for _ in range(20):
        await look(closed, server.url)
        await look(replace(closed, guard=Guard("192.0.2.0/24")), server.url)
    assert _open_files() <= before + 2


def _reason(trouble: Trouble | None) -> Any:
    return None if trouble is None else trouble.reason


def _open_files() -> int:
    return int(psutil.Process().num_fds())
