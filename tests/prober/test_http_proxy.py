"""Proxies: what they are asked, and that their failures are not the target's."""

import ssl
from dataclasses import replace
from typing import Any

import pytest
from tests.prober.http_proxies import Proxy, proxying
from tests.prober.support import OK, answer, closed_port, hang, look, naming, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.domain import Seen
from vedette.testing.certificates import identity

NAMES = {"hidden.example": "127.0.0.1"}


def by(proxy: Proxy, scheme: str = "http", **options: Any) -> dict[str, Any]:
    return {"url": f"{scheme}://127.0.0.1:{proxy.port}", **options}


def is_the_proxys(seen: Seen, port: int) -> bool:
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR, seen.trouble
    return seen.trouble.message.startswith(f"the proxy 127.0.0.1:{port} failed: ")


async def test_a_proxy_resolves_the_name(context: Context) -> None:
    async with serving(OK) as server, proxying() as proxy:
        proxy.names |= NAMES
        url = f"http://hidden.example:{server.port}/"
        seen = await look(context, url, proxy=by(proxy, username="ü", password="p"))
    assert seen.trouble is None
    assert "resolve" not in seen.phases
    assert "ip" not in {*seen.facts, *seen.subjects}
    assert proxy.asked == [f"GET {url}"]
    assert b"Proxy-Authorization: Basic w7w6cA==" in proxy.heads[0]
    assert server.header("host") == f"hidden.example:{server.port}"


async def test_a_proxy_is_given_an_address(context: Context) -> None:
    async with (
        serving(OK) as server,
        proxying() as proxy,
        naming({"a.example": ["127.0.0.1"]}) as (
            _,
            nameserver,
        ),
    ):
        url = f"http://a.example:{server.port}/"
        seen = await look(context, url, resolver=nameserver, proxy=by(proxy, resolve_locally=True))
    assert seen.trouble is None
    assert "resolve" in seen.phases
    assert proxy.asked == [f"CONNECT 127.0.0.1:{server.port}"]
    assert server.header("host") == f"a.example:{server.port}"
    assert seen.answer is not None
    assert "x-proxy" not in seen.answer.headers()


SEVERAL = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("secure", [True, False])
async def test_a_proxy_is_given_one_address_after_the_other(
    context: Context, scheme: str, secure: bool
) -> None:
    with identity("valid", hosts=["a.example"]) as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with (
            serving(OK, tls=good.context if secure else None) as server,
            proxying(scheme) as proxy,
            naming({"a.example": SEVERAL}) as (_, nameserver),
        ):
            proxy.first = ["refuse", "refuse"]
            proxy.names = dict.fromkeys(SEVERAL, "127.0.0.1")
            url = f"http{'s' * secure}://a.example:{server.port}/"
            own = by(proxy, scheme) | ({"resolve_locally": True} if scheme == "http" else {})
            seen = await look(here, url, resolver=nameserver, proxy=own)
    assert seen.trouble is None
    asked = [asked.split()[-1].partition(":")[0] for asked in proxy.asked]
    assert sorted(asked) == sorted(SEVERAL)
    assert len(server.requests) == 1
    assert list(seen.phases)[:2] == ["resolve", "connect"]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_hangs_at_one_address_gets_to_the_next(
    context: Context, scheme: str
) -> None:
    async with (
        serving(OK) as server,
        proxying(scheme) as proxy,
        naming({"a.example": SEVERAL}) as (_, nameserver),
    ):
        proxy.first = ["hang", "refuse"]
        proxy.names = dict.fromkeys(SEVERAL, "127.0.0.1")
        own = by(proxy, scheme) | ({"resolve_locally": True} if scheme == "http" else {})
        url = f"http://a.example:{server.port}/"
        seen = await look(context, url, resolver=nameserver, proxy=own, timeout_s=1.5)
        assert seen.trouble is None
        assert 450 <= seen.duration_ms < 1500
        proxy.first = ["hang"] * 3
        seen = await look(context, url, resolver=nameserver, proxy=own, timeout_s=0.6)
    assert is_the_proxys(seen, proxy.port)
    assert 600 <= seen.duration_ms < 1600


async def test_an_address_that_does_not_speak_tls_is_not_waited_for_too_long(
    context: Context,
) -> None:
    with identity("valid", hosts=["a.example"]) as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with (
            serving(OK, tls=good.context) as server,
            proxying() as proxy,
            naming({"a.example": SEVERAL}) as (_, nameserver),
        ):
            proxy.first, proxy.names = ["mute"], dict.fromkeys(SEVERAL, "127.0.0.1")
            own = by(proxy, resolve_locally=True)
            url = f"https://a.example:{server.port}/"
            seen = await look(here, url, resolver=nameserver, proxy=own, timeout_s=1.5)
            assert seen.trouble is None, seen.trouble
            proxy.first = ["mute"] * 3
            seen = await look(here, url, resolver=nameserver, proxy=own, timeout_s=0.6)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert "took longer than 0.6 s in the TLS handshake" in seen.trouble.message
    assert seen.duration_ms >= 600


@pytest.mark.parametrize("read_body", [True, False])
async def test_tls_through_a_proxy(context: Context, read_body: bool) -> None:
    with identity("valid", hosts=["hidden.example"]) as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with serving(OK, tls=good.context) as server, proxying() as proxy:
            proxy.names |= NAMES
            url = f"https://hidden.example:{server.port}/"
            seen = await look(here, url, proxy=by(proxy), read_body=read_body)
    assert seen.trouble is None
    assert seen.facts["status"] == 200
    assert list(seen.phases) == ["connect", "tls", "first_byte", "transfer"]
    assert proxy.asked == [f"CONNECT hidden.example:{server.port}"]


async def test_a_proxy_over_tls(context: Context) -> None:
    with identity("valid") as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with serving(OK) as server, proxying(tls=good.context) as proxy:
            seen = await look(here, server.url, proxy=by(proxy, "https"))
            assert seen.trouble is None
            seen = await look(context, server.url, proxy=by(proxy, "https"))
            assert is_the_proxys(seen, proxy.port)


@pytest.mark.parametrize(
    ("scheme", "asked"), [("socks5", "127.0.0.1"), ("socks5h", "hidden.example")]
)
async def test_socks(context: Context, scheme: str, asked: str) -> None:
    async with (
        serving(OK) as server,
        proxying("socks5") as proxy,
        naming({"hidden.example": ["127.0.0.1"]}) as (_, nameserver),
    ):
        proxy.names |= NAMES
        own: dict[str, Any] = {"resolver": nameserver} if scheme == "socks5" else {}
        url = f"http://hidden.example:{server.port}/"
        seen = await look(context, url, proxy=by(proxy, scheme, username="u", password="p"), **own)
    assert seen.trouble is None
    assert proxy.asked == [asked]
    assert proxy.heads == [b"u:p"]


@pytest.mark.parametrize(
    ("scheme", "asked"), [("socks4", "127.0.0.1"), ("socks4a", "hidden.example")]
)
@pytest.mark.parametrize("secure", [True, False])
async def test_socks4(context: Context, scheme: str, asked: str, secure: bool) -> None:
    with identity("valid", hosts=["hidden.example"]) as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with (
            serving(OK, tls=good.context if secure else None) as server,
            proxying("socks4") as proxy,
            naming({"hidden.example": ["127.0.0.1"]}) as (_, nameserver),
        ):
            proxy.names |= NAMES
            own: dict[str, Any] = {"resolver": nameserver} if scheme == "socks4" else {}
            url = f"http{'s' * secure}://hidden.example:{server.port}/"
            seen = await look(here, url, proxy=by(proxy, scheme, username="u"), **own)
            assert seen.trouble is None
            assert proxy.asked == [asked]
            assert proxy.heads == [b"u"]
            proxy.socks_reply = 1
            seen = await look(here, url, proxy=by(proxy, scheme), **own)
    assert is_the_proxys(seen, proxy.port)


async def test_tls_in_the_tls_of_a_proxy_is_the_targets(context: Context) -> None:
    with identity("valid") as theirs, identity("valid", hosts=["hidden.example"]) as its:
        its.context.maximum_version = ssl.TLSVersion.TLSv1_2
        here = replace(context, ca_file=str(theirs.ca_file))
        async with (
            serving(OK, tls=its.context) as server,
            proxying(tls=theirs.context) as proxy,
        ):
            proxy.names |= NAMES
            url = f"https://hidden.example:{server.port}/"
            seen = await look(here, url, proxy=by(proxy, "https"))
    assert seen.trouble is None
    assert seen.facts["tls_version"] == "TLSv1.2"
    assert "hidden.example" in seen.subjects["certificate"]["names"]
    assert "TLS_" not in seen.subjects["certificate"]["cipher"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (1, Reason.INTERNAL_ERROR),
        (2, Reason.INTERNAL_ERROR),
        (3, Reason.CONNECT_UNREACHABLE),
        (4, Reason.CONNECT_UNREACHABLE),
        (5, Reason.CONNECT_REFUSED),
        (6, Reason.CONNECT_TIMEOUT),
    ],
)
async def test_socks_says_whose_fault_it_is(context: Context, reply: int, reason: Reason) -> None:
    async with proxying("socks5") as proxy:
        proxy.socks_reply = reply
        seen = await look(context, "http://192.0.2.1/", proxy=by(proxy, "socks5h"))
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble
    assert f"the proxy 127.0.0.1:{proxy.port}" in seen.trouble.message


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "https://192.0.2.1/"])
@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks5h"])
async def test_no_proxy_there(context: Context, url: str, scheme: str) -> None:
    port = closed_port()
    seen = await look(context, url, proxy={"url": f"{scheme}://127.0.0.1:{port}"})
    assert is_the_proxys(seen, port)


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "https://192.0.2.1/"])
async def test_a_proxy_that_does_not_know_us(context: Context, url: str) -> None:
    async with proxying() as proxy:
        proxy.says = answer(407, "Proxy-Authenticate: Basic")
        seen = await look(context, url, proxy=by(proxy))
    assert is_the_proxys(seen, proxy.port)
    assert seen.trouble is not None
    assert "407" in seen.trouble.message


@pytest.mark.parametrize("said", [answer(403), answer(502), b"garbage\r\n\r\n", b""])
async def test_a_proxy_that_does_not_connect(context: Context, said: bytes) -> None:
    async with proxying() as proxy:
        proxy.says = said
        seen = await look(context, "https://192.0.2.1/", proxy=by(proxy))
    assert is_the_proxys(seen, proxy.port)


@pytest.mark.parametrize(
    ("url", "scheme"), [("https://192.0.2.1/", "http"), ("http://192.0.2.1/", "socks5h")]
)
async def test_a_proxy_that_hangs(context: Context, url: str, scheme: str) -> None:
    async with serving(hang) as silent:
        seen = await look(
            context, url, proxy={"url": f"{scheme}://127.0.0.1:{silent.port}"}, timeout_s=0.3
        )
    assert is_the_proxys(seen, silent.port)
    assert 300 <= seen.duration_ms < 2000


async def test_the_name_of_a_proxy_is_resolved_too(context: Context) -> None:
    async with serving(OK) as server, proxying() as proxy:
        seen = await look(context, server.url, proxy={"url": f"http://localhost:{proxy.port}"})
        assert seen.trouble is None
        seen = await look(context, server.url, proxy={"url": "http://proxy.invalid:1"})
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert "the proxy proxy.invalid:1 failed: resolve proxy.invalid" in seen.trouble.message


async def test_behind_a_proxy_the_target_can_still_fail(context: Context) -> None:
    with identity("expired") as bad:
        here = replace(context, ca_file=str(bad.ca_file))
        async with serving(OK, tls=bad.context) as server, proxying() as proxy:
            seen = await look(here, f"https://127.0.0.1:{server.port}/", proxy=by(proxy))
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_EXPIRED
