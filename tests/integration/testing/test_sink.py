"""A receiver of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import aiohttp
import pytest

from vedette.testing.sink import Sink, running_sink
from vedette.testing.waiting import eventually

KEY = b"twenty-four bytes or so."
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def signed(key: str, body: bytes, at: float | None = None) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    mac = hmac.new(KEY, key.encode() + b"." + stamp.encode() + b"." + body, hashlib.sha256)
    value = base64.b64encode(mac.digest()).decode()
    return {
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,bm90aGluZw== v1,{value}",
    }


async def deliver(sink: Sink, headers: dict[str, str], body: bytes = b"{}") -> int:
    timeout = aiohttp.ClientTimeout(total=0.5)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.post(sink.url, data=body, headers=headers) as response,
    ):
        return response.status


async def test_a_sink_shows_each_accepted_message_once() -> None:
    async with running_sink() as sink:
        sink.status = 503
        assert await deliver(sink, signed("a", b"{}")) == 503
        assert sink.visible() == []
        sink.status = 204
        for key in ("a", "a", "b"):
            assert await deliver(sink, signed(key, b"{}")) == 204
        assert [arrival.id for arrival in sink.raw] == ["a", "a", "a", "b"]
        assert [arrival.id for arrival in sink.visible()] == ["a", "b"]
        assert sink.visible()[0].json() == {}


async def test_a_sink_that_hangs() -> None:
    async with running_sink() as sink:
        sink.hang = True
        with pytest.raises(TimeoutError):
            await deliver(sink, signed("a", b"{}"))
        await eventually(lambda: sink.raw[0].abandoned, what="the sender hung up")
        sink.hang = False
        assert await deliver(sink, signed("b", b"{}")) == 200
        assert [arrival.id for arrival in sink.visible()] == ["b"]
        sink.hang = True
        with pytest.raises(TimeoutError):
            await deliver(sink, signed("c", b"{}"))


async def test_a_sink_checks_signatures() -> None:
    async with running_sink() as sink:
        await deliver(sink, signed("a", b'{"x":1}'), b'{"x":1}')
        sink.raw[-1].verify(SECRET)
        with pytest.raises(AssertionError, match="does not match"):
            sink.raw[-1].verify("whsec_b3RoZXI=")
        await deliver(sink, signed("a", b"{}"), b"{ }")
        with pytest.raises(AssertionError, match="does not match"):
            sink.raw[-1].verify(SECRET)
        await deliver(sink, signed("a", b"{}", at=time.time() - 1000))
        with pytest.raises(AssertionError, match="webhook-timestamp is off"):
            sink.raw[-1].verify(SECRET)
