"""HTTP/3 over QUIC, against a server that speaks nothing else."""

import asyncio
import gzip
import random
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import brotli
import pytest
import pytest_asyncio
import zstandard
from tests.prober.support import answer, closed_port, look, naming, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.prober.guard import Guard
from vedette.prober.names import Resolver
from vedette.testing.certificates import Flavour, Identity, identity
from vedette.testing.http3 import Http3Server, serving_http3


@pytest.fixture
def good() -> Iterator[Identity]:
    with identity("valid", hosts=["a.example", "other.example"]) as good:
        yield good


@pytest.fixture
def here(context: Context, good: Identity) -> Context:
    return replace(context, ca_file=str(good.ca_file))


@pytest_asyncio.fixture
async def server(good: Identity) -> AsyncIterator[Http3Server]:
    async with serving_http3(good.pem) as server:
        yield server


async def ask(context: Context, url: str, **target: Any) -> Seen:
    return await look(context, url, http_version="3", **target)


def reason(seen: Seen) -> Reason | None:
    return None if seen.trouble is None else seen.trouble.reason


async def test_an_answer(here: Context, server: Http3Server) -> None:
    seen = await ask(here, server.url + "p?q", headers={"X-Mine": "1"})
    assert seen.trouble is None
    assert seen.facts["http_version"] == "3"
    assert seen.facts["status"] == 200
    assert seen.facts["ip"] == "127.0.0.1"
    assert seen.facts["tls_version"] == "TLSv1.3"
    assert seen.subjects["certificate"]["chain_valid"] is True
    assert "chain_expires_at" in seen.facts
    assert seen.answer is not None
    assert seen.answer.text() == "ok"
    assert list(seen.phases) == ["connect", "tls", "first_byte", "transfer"]
    assert sum(seen.phases.values()) <= seen.duration_ms
    (asked,) = server.requests
    assert asked[":path"] == "/p?q"
    assert asked["x-mine"] == "1"


async def test_a_body_is_sent(here: Context, server: Http3Server) -> None:
    seen = await ask(here, server.url, method="POST", body="x" * 50_000)
    assert seen.trouble is None
    assert server.bodies == [b"x" * 50_000]


async def test_the_limit_of_a_body(here: Context, server: Http3Server) -> None:
    server.body = b"x" * 1_000_000
    seen = await ask(here, server.url, body_limit_bytes=1000)
    assert seen.trouble is None
    assert seen.facts["body_size"] == 1000


async def test_a_name_is_resolved_and_verified(here: Context, server: Http3Server) -> None:
    async with naming({"a.example": ["127.0.0.1"]}) as (_, nameserver):
        url = f"https://a.example:{server.port}/"
        seen = await ask(here, url, resolver=nameserver)
        other = await ask(here, url, resolver=nameserver, tls={"server_name": "other.example"})
        wrong = await ask(here, url, resolver=nameserver, tls={"server_name": "wrong.example"})
    assert seen.trouble is None
    assert server.requests[0][":authority"] == f"a.example:{server.port}"
    assert next(iter(seen.phases)) == "resolve"
    assert other.trouble is None
    assert reason(wrong) is Reason.TLS_HOSTNAME


async def test_every_address_is_tried(here: Context, server: Http3Server) -> None:
    async with naming({"a.example": ["127.0.0.2", "::1", "127.0.0.1"]}) as (_, nameserver):
        seen = await ask(here, f"https://a.example:{server.port}/", resolver=nameserver)
    assert seen.trouble is None
    assert seen.facts["ip"] == "127.0.0.1"


async def test_nobody_there(context: Context) -> None:
    port = closed_port()
    for _ in range(5):  # the system tells of it when the next datagram is sent, or before
        seen = await ask(context, f"https://127.0.0.1:{port}/")
        assert reason(seen) is Reason.CONNECT_REFUSED, seen.trouble
        assert seen.trouble is not None
        assert seen.trouble.message == f"connect to 127.0.0.1:{port} refused"
        assert list(seen.phases) == ["connect"]
        assert seen.duration_ms < 3000


async def test_http_over_tcp_is_no_help(here: Context, good: Identity) -> None:
    async with serving(answer(200), tls=good.context) as server:
        seen = await ask(here, f"https://127.0.0.1:{server.port}/")
    assert reason(seen) is Reason.CONNECT_REFUSED
    assert not server.requests


async def test_silence(context: Context) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        seen = await ask(context, url, timeout_s=0.4)
    assert reason(seen) is Reason.CONNECT_TIMEOUT
    assert 400 <= seen.duration_ms < 2400


class _Babble(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for piece in (
            b"",
            b"\x00",
            b"HTTP/1.1 200 OK\r\n\r\n",
            data,
            b"\xc0" + data[1:],
            data[::-1],
        ):
            self.transport.sendto(piece, addr)  # type: ignore[attr-defined]


async def test_what_is_not_quic_is_as_good_as_silence(context: Context) -> None:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        _Babble, ("127.0.0.1", 0)
    )
    url = f"https://127.0.0.1:{transport.get_extra_info('sockname')[1]}/"
    seen = await ask(context, url, timeout_s=0.5)
    transport.close()
    assert reason(seen) in {Reason.CONNECT_TIMEOUT, Reason.TLS_HANDSHAKE}, seen.trouble
    assert seen.duration_ms < 2500


@pytest.mark.parametrize(
    ("flavour", "expected"),
    [
        ("expired", Reason.TLS_EXPIRED),
        ("self_signed", Reason.TLS_SELF_SIGNED),
        ("wrong_host", Reason.TLS_HOSTNAME),
        ("untrusted", Reason.TLS_UNTRUSTED),
    ],
)
async def test_bad_certificates(context: Context, flavour: Flavour, expected: Reason) -> None:
    with identity(flavour) as bad:
        async with serving_http3(bad.pem) as server:
            seen = await ask(replace(context, ca_file=str(bad.ca_file)), server.url)
            lax = await ask(context, server.url, tls={"verify": False})
    assert reason(seen) is expected, seen.trouble
    assert seen.trouble is not None
    assert f"the certificate of 127.0.0.1:{server.port}" in seen.trouble.message
    assert "Failed to connect" not in seen.trouble.message
    assert lax.trouble is None
    assert lax.subjects["certificate"]["chain_valid"] is False


async def test_a_server_without_http3(here: Context, good: Identity) -> None:
    async with serving_http3(good.pem, protocols=["hq-interop"]) as server:
        seen = await ask(here, server.url)
    assert reason(seen) is Reason.TLS_HANDSHAKE, seen.trouble
    assert seen.trouble is not None
    assert "do not offer HTTP/3 (h3)" in seen.trouble.message


async def test_no_answer_in_time(here: Context, server: Http3Server) -> None:
    server.ending, server.body = "hang", b""
    began = time.perf_counter()
    seen = await ask(here, server.url, timeout_s=0.4)
    assert time.perf_counter() - began < 2.4
    assert reason(seen) is Reason.TIMEOUT
    assert seen.trouble is not None
    assert "before it answered" in seen.trouble.message


async def test_half_an_answer_in_time(here: Context, server: Http3Server) -> None:
    server.ending = "hang"
    seen = await ask(here, server.url, timeout_s=0.4)
    assert reason(seen) is Reason.TIMEOUT
    assert seen.facts["status"] == 200


@pytest.mark.parametrize("ending", ["reset", "close"])
async def test_answers_that_break_off(here: Context, server: Http3Server, ending: Any) -> None:
    server.ending, server.headers = ending, {"content-length": "100"}
    seen = await ask(here, server.url)
    assert reason(seen) in {Reason.PROTOCOL_ERROR, Reason.CONNECT_RESET}, seen.trouble


async def test_the_guard_holds_for_udp(here: Context, server: Http3Server) -> None:
    shut = replace(here, guard=Guard("loopback"))
    seen = await ask(shut, server.url)
    assert reason(seen) is Reason.FORBIDDEN_TARGET, seen.trouble
    async with naming({"a.example": ["127.0.0.1"]}) as (_, nameserver):
        resolver = Resolver([nameserver])
        seen = await ask(replace(shut, resolver=resolver), f"https://a.example:{server.port}/")
        await resolver.close()
    assert reason(seen) is Reason.FORBIDDEN_TARGET, seen.trouble
    await asyncio.sleep(0)
    assert not server.requests
    some = replace(here, guard=Guard("loopback", "127.0.0.1"))
    assert (await ask(some, server.url)).trouble is None


async def test_redirects_keep_to_it(here: Context, server: Http3Server, good: Identity) -> None:
    async with serving(answer(200)) as plain, serving_http3(good.pem) as second:
        server.status, server.headers = 302, {"location": second.url}
        seen = await ask(here, server.url)
        assert seen.trouble is None
        assert seen.facts["redirects"] == 1
        server.headers = {"location": plain.url}
        seen = await ask(here, server.url)
    assert reason(seen) is Reason.PROTOCOL_ERROR
    assert seen.trouble is not None
    assert seen.trouble.message == "it answered in HTTP/1.1, not 3"


async def test_the_other_versions_are_not_taken_for_it(here: Context, good: Identity) -> None:
    async with serving(answer(200), tls=good.context) as server:
        url = f"https://127.0.0.1:{server.port}/"
        seen = await look(here, url, http_versions=["2", "3"])
    assert reason(seen) is Reason.PROTOCOL_ERROR


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
async def test_bombs_are_cut(here: Context, server: Http3Server, name: str) -> None:
    zeros = bytes(50_000_000)
    pack = {
        "gzip": gzip.compress,
        "br": lambda d: brotli.compress(d, quality=3),
        "zstd": zstandard.compress,
    }
    server.headers, server.body = {"content-encoding": name}, pack[name](zeros)
    seen = await ask(here, server.url)
    assert seen.trouble is None, seen.trouble
    assert seen.facts["body_size"] == 1024 * 1024


async def test_large_heads(here: Context, server: Http3Server) -> None:
    server.headers = {f"x-{n}": "x" * 1000 for n in range(400)}
    seen = await ask(here, server.url, timeout_s=3)
    assert reason(seen) in {Reason.PROTOCOL_ERROR, Reason.TIMEOUT}, seen.trouble
    assert seen.duration_ms < 5000


@pytest.mark.parametrize("field", ["bad name", "", "Upper", "x\r\ny", ":path"])
async def test_fields_that_are_none(here: Context, server: Http3Server, field: str) -> None:
    server.headers = {field: "1"}
    seen = await ask(here, server.url, timeout_s=0.5)
    assert seen.duration_ms < 2000
    if seen.trouble is not None:
        assert seen.trouble.reason is not Reason.INTERNAL_ERROR, seen.trouble


@pytest.mark.parametrize("number", range(10))
async def test_servers_of_noise(context: Context, number: int) -> None:
    choose = random.Random(number)

    class Noise(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            said = bytearray(data)
            for _ in range(choose.choice([0, 1, 3, 50])):
                said[choose.randrange(len(said))] = choose.randrange(256)
            for _ in range(choose.randint(1, 20)):
                self.transport.sendto(said[: choose.randint(1, len(said))], addr)  # type: ignore[attr-defined]

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Noise, ("127.0.0.1", 0)
    )
    url = f"https://127.0.0.1:{transport.get_extra_info('sockname')[1]}/"
    seen = await ask(context, url, timeout_s=0.2)
    transport.close()
    assert seen.duration_ms < 2300
    assert seen.trouble is not None
    assert seen.trouble.reason is not Reason.INTERNAL_ERROR, seen.trouble
