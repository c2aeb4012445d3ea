"""Assertions on the domain's registration in monitors of other kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest_asyncio
from tests.prober.registering import World, in_days, registries
from tests.prober.support import OK, a_batch, a_job, answer, naming, serving

from vedette.core.kinds import parse_monitor
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import Result
from vedette.prober.checks import Checker
from vedette.prober.context import Context
from vedette.prober.jobs import parse_batch
from vedette.prober.limits import Limits
from vedette.prober.metrics import CheckMetrics
from vedette.testing.registry import rdap_domain

CONDITION = "[DOMAIN_EXPIRATION] > 720h"


@pytest_asyncio.fixture
async def world(context: Context) -> AsyncIterator[World]:
    async with registries(context) as world:
        yield world


async def check(world: World, url: str, **definition: Any) -> Result:
    """One check of a URL, whose host is on this one whatever it is."""
    async with naming({urlsplit(url).hostname or "": ["127.0.0.1"]}) as (_, nameserver):
        spec = parse_monitor(
            {
                "name": "w",
                "kind": "http",
                "target": {"url": url, "resolver": nameserver},
                "interval_s": 300,
                **definition,
            }
        )
        (job,) = parse_batch(a_batch(a_job() | {"definition": spec.probed()}))
        checker = Checker(world.context, Limits(total=1, per_host=1), CheckMetrics("default"))
        return await checker.check(job)


async def test_a_condition_on_the_domain_of_a_url(world: World) -> None:
    world.rdap.domains["example.com"] = rdap_domain("example.com", in_days(40))
    async with serving(OK) as server:
        url = f"http://www.example.com:{server.port}/"
        result = await check(world, url, assertions=[CONDITION])
        assert result.outcome is Outcome.UP, result.message
        assert result.facts["status"] == 200
        assert result.facts["domain"] == "example.com"
        result = await check(world, url, assertions=["domain days_left > 50d"])
    assert (result.outcome, result.reason) == (Outcome.DOWN, Reason.REGISTRATION)
    assert result.message is not None
    assert "expected domain days_left greater than 50 days, saw 40.0 days" in result.message
    assert world.rdap.asked == ["example.com"]


async def test_degraded_assertions_look_as_well(world: World) -> None:
    world.rdap.domains["example.com"] = rdap_domain("example.com", in_days(40))
    async with serving(OK) as server:
        wanted = ["domain registrar == 'Others'", "domain nameservers == 'ns1.example.com'"]
        result = await check(
            world, f"http://example.com:{server.port}/", degraded_assertions=wanted
        )
    assert (result.outcome, result.reason) == (Outcome.DEGRADED, Reason.REGISTRATION)
    assert result.message == "expected domain registrar equals 'Others', saw 'Names & Sons'"


async def test_a_domain_that_does_not_exist_is_down(world: World) -> None:
    async with serving(OK) as server:
        result = await check(world, f"http://example.com:{server.port}/", assertions=[CONDITION])
    assert (result.outcome, result.reason) == (Outcome.DOWN, Reason.REGISTRATION)


async def test_a_target_in_trouble_is_not_looked_up(world: World) -> None:
    result = await check(world, "http://example.com:1/", assertions=[CONDITION])
    assert (result.outcome, result.reason) == (Outcome.DOWN, Reason.CONNECT_REFUSED)
    assert not world.rdap.asked


async def test_a_registry_that_fails_is_no_fault_of_the_target(world: World) -> None:
    world.rdap.domains["example.com"] = {"objectClassName": "help"}
    async with serving(answer(500)) as server:
        result = await check(world, f"http://example.com:{server.port}/", assertions=[CONDITION])
    assert (result.outcome, result.reason) == (Outcome.INTERNAL_ERROR, Reason.INTERNAL_ERROR)


async def test_an_address_has_no_registration(world: World) -> None:
    async with serving(OK) as server:
        result = await check(world, server.url, assertions=[CONDITION])
    assert result.outcome is Outcome.INTERNAL_ERROR
    assert result.message == "127.0.0.1 belongs to no domain that a registry knows"
    assert result.facts["status"] == 200
