"""A target that answers or misbehaves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest

from vedette.testing.certificates import Flavour
from vedette.testing.target import Target, running_target


async def fetch(target: Target, body: bytes | None = None) -> tuple[int, bytes]:
    timeout = aiohttp.ClientTimeout(total=0.6)
    trust = ssl.create_default_context(cafile=target.ca_file) if target.ca_file else True
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.request("GET", target.url, ssl=trust, data=body) as response,
    ):
        return response.status, await response.read()


async def test_a_target_that_answers() -> None:
    async with running_target() as target:
        target.body = b"fine"
        assert await fetch(target) == (200, b"fine")
        target.mode = "status:503"
        assert await fetch(target, b"question") == (503, b"fine")
        assert [request.body for request in target.requests] == [b"", b"question"]
        assert target.requests[0].method == "GET"
        with pytest.raises(ValueError, match="no such mode"):
            target.mode = "sideways"


async def test_a_target_on_one_connection() -> None:
    async with running_target() as target, aiohttp.ClientSession() as http:
        async with http.head(target.url) as response:
            assert (response.status, await response.read()) == (200, b"")

        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        async with http.post(f"{target.url}x?y", data=chunks()) as response:
            assert await response.read() == target.body
        assert [(r.path, r.body) for r in target.requests] == [("/", b""), ("/x?y", b"onetwo")]


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("hang", TimeoutError),
        ("slow", TimeoutError),
        ("reset", aiohttp.ClientOSError),
        ("redirect_loop", aiohttp.TooManyRedirects),
        ("garbage", aiohttp.ClientResponseError),
        ("truncated", aiohttp.ClientPayloadError),
    ],
)
async def test_a_target_that_misbehaves(mode: str, problem: type[Exception]) -> None:
    async with running_target() as target:
        target.mode = mode
        with pytest.raises(problem):
            await fetch(target)
        target.mode = "up"
        assert (await fetch(target))[0] == 200


async def test_a_target_that_dribbles_gets_there() -> None:
    async with running_target() as target:
        target.mode, target.pace = "slow", 0.001
        assert await fetch(target) == (200, target.body)


async def test_a_redirect_loop_counts_its_hops() -> None:
    async with running_target() as target:
        target.mode = "redirect_loop"
        with pytest.raises(aiohttp.TooManyRedirects):
            await fetch(target)
        assert [r.path for r in target.requests][:3] == ["/", "/?hop=1", "/?hop=2"]


async def test_a_target_that_refuses_and_returns() -> None:
    async with running_target() as target:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        await target.refuse()
        with pytest.raises(aiohttp.ClientConnectorError):
            await fetch(target)
        assert await reader.read() == b""
        writer.close()
        await target.listen()
        assert (await fetch(target))[0] == 200


async def test_a_target_over_tls() -> None:
    async with running_target(tls="valid") as target:
        assert await fetch(target) == (200, target.body)
        target.mode = "reset"
        with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
            await fetch(target)


@pytest.mark.parametrize(
    ("flavour", "complaint"),
    [
        ("expired", "certificate has expired"),
        ("self_signed", "self-signed certificate"),
        ("wrong_host", "not valid for '127.0.0.1'"),
        ("untrusted", "unable to get local issuer certificate"),
    ],
)
async def test_a_target_with_a_bad_certificate(flavour: Flavour, complaint: str) -> None:
    async with running_target(tls=flavour) as target:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=complaint):
            await fetch(target)
        assert target.requests == []
