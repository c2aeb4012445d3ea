"""Every way a target fails has its own reason."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.e2e.actor import Actor

from vedette.testing.ports import free_port
from vedette.testing.target import running_target
from vedette.testing.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

ANSWERS = {
    "hang": "timeout",
    "reset": "connect_reset",
    "status:500": "status",
    "redirect_loop": "too_many_redirects",
    "garbage": "protocol_error",
}
CERTIFICATES = {
    "self_signed": "tls_self_signed",
    "untrusted": "tls_untrusted",
}
NAMES = {
    "nowhere.test": "dns_nxdomain",
    "broken.test": "dns_servfail",
    "slow.test": "dns_timeout",
}


async def test_each_failure_has_its_reason(actor: Actor) -> None:
    async with AsyncExitStack() as stack:
        expected = {f"http://127.0.0.1:{free_port()}/": "connect_refused"}
        for mode, reason in ANSWERS.items():
            target = await stack.enter_async_context(running_target())
            target.mode = mode
            expected[target.url] = reason
        for flavour, reason in CERTIFICATES.items():
            tls: Any = flavour
            target = await stack.enter_async_context(running_target(tls=tls))
            expected[target.url] = reason
        expected |= {f"http://{name}/": reason for name, reason in NAMES.items()}
        monitors = {await actor.watch(url, failure_threshold=1): url for url in expected}

        async def reasons() -> dict[str, str]:
            return {
                url: (await actor.checks(monitor) or [{"reason": None}])[0]["reason"]
                for monitor, url in monitors.items()
            }

        async def as_expected() -> bool:
            return await reasons() == expected

        try:
            await eventually(as_expected, within=25)
        except AssertionError:
            assert await reasons() == expected
        for monitor in monitors:
            await actor.becomes(monitor, "down")


async def test_assertions_decide(actor: Actor) -> None:
    async with running_target() as target:
        target.body = b"all is well"
        contains = {"subject": "body", "operator": "contains"}
        status = {"subject": "status", "operator": "between", "value": [200, 399]}
        good = await actor.watch(
            target.url, assertions=[status, {**contains, "value": "well"}], failure_threshold=1
        )
        bad = await actor.watch(
            target.url, assertions=[{**contains, "value": "ill"}], failure_threshold=1
        )
        slow = await actor.watch(
            target.url,
            assertions=[{"subject": "latency", "operator": "less", "value": 0.001}],
            failure_threshold=1,
        )
        await actor.becomes(good, "up")
        await actor.becomes(bad, "down")
        await actor.becomes(slow, "down")
        assert (await actor.checks(bad))[0]["reason"] == "body"
        assert (await actor.checks(slow))[0]["reason"] == "latency"


async def test_a_definition_is_tried_without_storing_it(actor: Actor) -> None:
    async with running_target() as target:
        definition = {"kind": "http", "target": {"url": target.url}}
        result = await actor.api("POST", "/check", definition)
        assert (result["outcome"], result["facts"]["status"]) == ("up", 200)
        target.mode = "status:503"
        result = await actor.api("POST", "/check", definition)
        assert (result["outcome"], result["reason"]) == ("down", "status")
    assert await actor.api.items("/monitors") == []
