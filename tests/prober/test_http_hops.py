"""Each request of a chain of redirects, with what it took and what came of it."""

import asyncio
import io
from dataclasses import replace

import pytest
from rich.console import Console
from tests.prober.http_proxies import proxying
from tests.prober.support import OK, answer, closed_port, hang, look, naming, serving

from vedette.cli.check import check_once, report
from vedette.core.kinds.http import HttpMonitor
from vedette.core.outcome import Outcome, Reason
from vedette.core.result import MOST_HOPS
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.settings import ProberSettings
from vedette.testing.certificates import identity


def summed(seen: Seen, phase: str) -> float:
    return sum(hop.phases.get(phase, 0.0) for hop in seen.hops)


async def test_every_hop_is_told(context: Context) -> None:
    async def slow(_request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(OK)

    with identity("valid", hosts=["end.example"]) as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with (
            naming({"end.example": ["127.0.0.1"]}) as (_, nameserver),
            serving(slow, tls=good.context) as end,
            serving(
                answer(301, f"Location: https://end.example:{end.port}/last?token=s3cret")
            ) as start,
        ):
            url = start.url.replace("//", "//me:passw0rd@") + "first?key=s3cret"
            seen = await look(here, url, resolver=nameserver)
    assert seen.trouble is None
    first, last = seen.hops
    assert first.url == f"{start.url}first"
    assert last.url == f"https://end.example:{end.port}/last"
    assert (first.status, last.status) == (301, 200)
    assert (first.ip, last.ip) == ("127.0.0.1", "127.0.0.1")
    assert list(first.phases) == ["connect", "first_byte", "transfer"]
    assert list(last.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    assert last.phases["first_byte"] >= 99 > first.phases["first_byte"]
    for phase, ms in seen.phases.items():
        assert summed(seen, phase) == pytest.approx(ms, abs=0.01)


async def test_without_a_redirect_there_is_nothing_to_tell(context: Context) -> None:
    async with serving(OK) as server:
        assert not (await look(context, server.url)).hops
    async with serving(answer(302, "Location: /")) as server:
        assert not (await look(context, server.url, follow_redirects=False)).hops


async def test_the_hop_that_failed_is_the_last(context: Context) -> None:
    async with serving(hang) as silent:
        for location, status, phases in (
            (silent.url, None, ["connect", "first_byte"]),
            (f"http://127.0.0.1:{closed_port()}/", None, ["connect"]),
            ("http://nowhere.invalid/", None, ["resolve"]),
        ):
            async with serving(answer(302, f"Location: {location}")) as start:
                seen = await look(context, start.url, timeout_s=0.5)
            assert seen.trouble is not None
            assert [hop.status for hop in seen.hops] == [302, status]
            assert seen.hops[-1].url == location
            assert list(seen.hops[-1].phases) == phases


async def test_their_number_and_length_are_bounded(context: Context) -> None:
    async with serving(answer(302, "Location: /" + "x" * 5000)) as server:
        seen = await look(context, server.url, max_redirects=50)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TOO_MANY_REDIRECTS
    assert len(seen.hops) == MOST_HOPS
    assert max(len(hop.url) for hop in seen.hops) == 300


async def test_behind_a_proxy_no_address_is_claimed(context: Context) -> None:
    async with (
        serving(OK) as end,
        proxying() as proxy,
        serving(answer(302, f"Location: {end.url}")) as start,
    ):
        seen = await look(context, start.url, proxy={"url": f"http://127.0.0.1:{proxy.port}"})
    assert [hop.ip for hop in seen.hops] == [None, None]


async def test_they_are_in_the_result_and_shown() -> None:
    async with (
        serving(answer(404)) as end,
        serving(answer(302, f"Location: {end.url}hush-hush?s3cret")) as start,
    ):
        login = {"scheme": "bearer", "token": "hush-hush"}
        target = {"url": start.url, "auth": login}
        spec = HttpMonitor.model_validate({"name": "a", "target": target})
        result = await check_once(spec, ProberSettings())
    assert result.outcome is Outcome.DOWN
    assert [hop.status for hop in result.hops] == [302, 404]
    text = io.StringIO()
    report(Console(file=text, width=200), spec, result)
    assert f"1. {start.url}: 302 from 127.0.0.1, " in text.getvalue()
    assert f"2. {end.url}********: 404 from 127.0.0.1, " in text.getvalue()
    for secret in ("s3cret", "hush"):
        assert secret not in text.getvalue()
        assert secret not in result.model_dump_json()
