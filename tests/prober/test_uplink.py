"""A prober that has lost its own way to the network says nothing of its targets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import pytest
from pydantic import ValidationError
from tests.prober.support import OK, a_batch, a_job, hang, serving

from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.domain import Trouble
from vedette.prober.jobs import parse_batch
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.prober.service import probing
from vedette.prober.settings import ProberSettings
from vedette.prober.uplink import Uplink, canaries, watched_uplink
from vedette.testing.ports import free_port
from vedette.testing.waiting import eventually

SILENT = Trouble(Reason.TIMEOUT, "no complete answer within 1 s")


@asynccontextmanager
async def a_canary() -> AsyncIterator[tuple[str, int]]:
    async with serving(OK) as server:
        yield "127.0.0.1", server.port


def nobody() -> tuple[str, int]:
    return "127.0.0.1", free_port()


async def test_without_canaries_every_trouble_stays() -> None:
    assert await Uplink().excuse(SILENT, perf_counter()) is SILENT


async def test_a_canary_that_answers_leaves_the_trouble_to_the_target() -> None:
    async with a_canary() as canary:
        assert await Uplink([nobody(), canary]).excuse(SILENT, perf_counter()) is SILENT


@pytest.mark.parametrize(
    "reason", [Reason.TIMEOUT, Reason.CONNECT_TIMEOUT, Reason.CONNECT_UNREACHABLE, Reason.LOSS]
)
async def test_while_no_canary_answers_it_is_our_trouble(reason: Reason) -> None:
    trouble = await Uplink([nobody(), nobody()]).excuse(Trouble(reason, "why"), perf_counter())
    assert trouble is not None
    assert trouble.reason is Reason.INTERNAL_ERROR
    assert trouble.message.startswith("the prober's own uplink is gone")


@pytest.mark.parametrize("reason", [Reason.CONNECT_REFUSED, Reason.STATUS, Reason.TLS_EXPIRED])
async def test_what_somebody_answered_is_the_target_s(reason: Reason) -> None:
    trouble = Trouble(reason, "why")
    assert await Uplink([nobody()]).excuse(trouble, perf_counter()) is trouble


async def test_an_uplink_that_came_back_meanwhile_was_gone_all_the_same() -> None:
    began = perf_counter()
    uplink = Uplink([nobody()])
    await uplink.look()
    async with a_canary() as canary:
        uplink._canaries = [canary]
        await uplink.look()
        trouble = await uplink.excuse(SILENT, began)
        assert trouble is not None
        assert trouble.reason is Reason.INTERNAL_ERROR
        assert await uplink.excuse(SILENT, perf_counter()) is SILENT


async def test_a_check_that_began_after_the_last_look_is_excused_by_it() -> None:
    uplink = Uplink([nobody()])
    await uplink.look()
    trouble = await uplink.excuse(SILENT, perf_counter())
    assert trouble is not None
    assert trouble.reason is Reason.INTERNAL_ERROR


async def test_a_good_look_of_before_vouches_for_no_check() -> None:
    async with a_canary() as canary:
        uplink = Uplink([canary])
        await uplink.look()
    trouble = await uplink.excuse(SILENT, perf_counter())
    assert trouble is not None
    assert trouble.reason is Reason.INTERNAL_ERROR


async def test_checks_that_fail_together_share_one_look() -> None:
    connections = []

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1") as server:
        uplink = Uplink([server.sockets[0].getsockname()[:2]])
        await asyncio.gather(*[uplink.excuse(SILENT, perf_counter()) for _ in range(50)])
        await eventually(lambda: len(connections) == 1, within=5)


async def test_an_uplink_is_looked_at_by_itself() -> None:
    async with watched_uplink([nobody()], 0.01) as uplink:
        began = perf_counter()
        await eventually(lambda: uplink._gone_since(began), within=5)


async def test_it_tells_whether_a_canary_answers() -> None:
    assert Uplink().answering is None, "without canaries nothing is known"
    uplink = Uplink([nobody()])
    await uplink.look()
    assert uplink.answering is False
    async with a_canary() as canary:
        uplink = Uplink([canary])
        await uplink.look()
    assert uplink.answering is True


async def checked(settings: ProberSettings, url: str, **definition: Any) -> Result:
    job = parse_batch(a_batch(a_job(url, timeout_s=0.3, **definition)))[0]
    async with probing(settings) as context:
        checker = Checker(context, Limits(total=1, per_host=1), CheckMetrics("here"))
        return await checker.check(job)


@pytest.mark.parametrize("upside_down", [False, True])
async def test_a_check_is_no_vote_while_the_uplink_is_gone(upside_down: bool) -> None:
    settings = ProberSettings(prober_forbidden="none", prober_canaries=f"127.0.0.1:{free_port()}")
    async with serving(hang) as server:
        result = await checked(settings, server.url, expect_failure=upside_down)
    assert (result.outcome, result.reason) == (Outcome.INTERNAL_ERROR, Reason.INTERNAL_ERROR)


async def test_a_check_is_a_vote_while_a_canary_answers() -> None:
    async with a_canary() as (host, port), serving(hang) as server:
        settings = ProberSettings(prober_forbidden="none", prober_canaries=f"{host}:{port}")
        result = await checked(settings, server.url)
    assert (result.outcome, result.reason) == (Outcome.DOWN, Reason.TIMEOUT)


def test_canaries_are_addresses_with_ports() -> None:
    assert canaries("192.0.2.1:53, [2001:db8::1]:443,") == [
        ("192.0.2.1", 53),
        ("2001:db8::1", 443),
    ]
    for wrong in ("192.0.2.1", "example.org:53", "192.0.2.1:0", "192.0.2.1:x", "2001:db8::1"):
        with pytest.raises(ValidationError, match="prober_canaries"):
            ProberSettings(prober_canaries=wrong)
