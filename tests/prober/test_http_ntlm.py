"""NTLM logins, against the server's side of another implementation's messages."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import psutil
import pytest
import pytest_asyncio
from tests.prober.http_proxies import proxying
from tests.prober.support import answer, hang, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.certificates import identity
from vedette.testing.ntlm import NtlmTarget, serving_ntlm
from vedette.testing.waiting import eventually

ACCOUNTS = ("CORP:me:right", ":solo:p\u00e4ssw\u00f6rd")
ME: dict[str, Any] = {"scheme": "ntlm", "username": "me", "domain": "CORP", "password": "right"}


@pytest_asyncio.fixture
async def target() -> AsyncIterator[NtlmTarget]:
    async with serving_ntlm(*ACCOUNTS) as target:
        yield target


@pytest.mark.parametrize(
    ("auth", "known"),
    [
        (ME, "CORP\\me"),
        ({"scheme": "ntlm", "username": "CORP\\me", "password": "right"}, "CORP\\me"),
        ({"scheme": "ntlm", "username": "solo", "password": "p\u00e4ssw\u00f6rd"}, "solo"),
    ],
)
async def test_a_login(
    context: Context, target: NtlmTarget, auth: dict[str, Any], known: str
) -> None:
    seen = await look(context, target.url + "p?q", auth=auth)
    assert seen.trouble is None, seen.trouble
    assert seen.facts["status"] == 200
    assert seen.facts["http_version"] == "1.1"
    assert seen.facts["size"] == 2
    assert seen.answer is not None
    assert seen.answer.text() == "ok"
    assert target.known == [known]
    assert [number for number, _ in target.requests] == [0, 0]
    assert {request.path for _, request in target.requests} == {"/p?q"}
    assert list(seen.phases) == ["connect", "first_byte", "transfer"]
    assert sum(seen.phases.values()) <= seen.duration_ms


@pytest.mark.parametrize("read_body", [True, False])
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "you"}, {"domain": "X"}])
async def test_a_wrong_login_is_a_status(
    context: Context, target: NtlmTarget, wrong: dict[str, str], read_body: bool
) -> None:
    seen = await look(context, target.url, auth=ME | wrong, read_body=read_body)
    assert seen.trouble is None, seen.trouble
    assert seen.facts["status"] == 401
    assert not target.known
    assert len(target.requests) == 2
    assert target.connections == 1


async def test_over_tls(context: Context) -> None:
    with identity("valid") as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with serving_ntlm(*ACCOUNTS, tls=good.context) as target:
            seen = await look(here, target.url, auth=ME)
    assert seen.trouble is None
    assert seen.facts["status"] == 200
    assert seen.facts["tls_version"] == "TLSv1.3"
    assert seen.subjects["certificate"]["chain_valid"] is True
    assert list(seen.phases) == ["connect", "tls", "first_byte", "transfer"]
    assert target.connections == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE"])
async def test_a_body_is_sent_to_who_knows_us(
    context: Context, target: NtlmTarget, method: str
) -> None:
    body: dict[str, Any] = {} if method in {"HEAD", "DELETE"} else {"body": "x" * 5000}
    seen = await look(context, target.url, auth=ME, method=method, **body)
    assert seen.trouble is None
    assert seen.facts["status"] == 200
    first, second = (request for _, request in target.requests)
    assert (first.method, second.method) == (method, method)
    assert (first.body, second.body) == (b"", body.get("body", "").encode())


async def test_a_target_that_lets_everybody_in(context: Context, target: NtlmTarget) -> None:
    target.mode = "open"
    seen = await look(context, target.url, auth=ME)
    assert seen.trouble is None
    assert seen.facts["status"] == 200
    assert len(target.requests) == 1


async def test_a_target_that_wants_something_else(context: Context) -> None:
    async with serving(answer(401, "WWW-Authenticate: Basic realm=x", body=b"no")) as server:
        seen = await look(context, server.url, auth=ME)
    assert seen.trouble is None
    assert seen.facts["status"] == 401
    assert seen.answer is not None
    assert seen.answer.text() == "no"
    assert len(server.requests) == 1


async def test_connections_are_never_shared(context: Context, target: NtlmTarget) -> None:
    one, other = ME, {"scheme": "ntlm", "username": "solo", "password": "p\u00e4ssw\u00f6rd"}
    seen = await asyncio.gather(
        *(look(context, target.url, auth=auth) for auth in [one, other, ME | {"password": "x"}] * 5)
    )
    assert [one.facts["status"] for one in seen] == [200, 200, 401] * 5
    assert target.connections == 15
    assert sorted(number for number, _ in target.requests) == sorted([*range(15), *range(15)])
    assert (await look(context, target.url)).facts["status"] == 401
    assert target.connections == 16


async def test_nothing_stays_open(context: Context, target: NtlmTarget) -> None:
    await look(context, target.url, auth=ME)
    before = psutil.Process().num_fds()
    for _ in range(10):
        await look(context, target.url, auth=ME)
    await eventually(lambda: psutil.Process().num_fds() <= before + 2)


async def test_a_challenge_that_is_none(context: Context, target: NtlmTarget) -> None:
    target.mode = "garbage"
    seen = await look(context, target.url, auth=ME)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert "the NTLM challenge of 127.0.0.1:" in seen.trouble.message


async def test_a_target_that_hangs_up_between(context: Context, target: NtlmTarget) -> None:
    target.mode = "close"
    seen = await look(context, target.url, auth=ME)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    assert "in the middle of an NTLM login" in seen.trouble.message


@pytest.mark.parametrize("size", [60_000, 70_000])
async def test_a_challenge_with_a_body(context: Context, target: NtlmTarget, size: int) -> None:
    target.asking = b"x" * size
    seen = await look(context, target.url, auth=ME, body_limit_bytes=10)
    if size > 65_536:
        assert seen.trouble is not None
        assert seen.trouble.reason is Reason.PROTOCOL_ERROR
    else:
        assert seen.trouble is None
        assert seen.facts["status"] == 200


async def test_it_ends_in_time(context: Context) -> None:
    async with serving(hang) as server:
        seen = await look(context, server.url, auth=ME, timeout_s=0.4)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 400 <= seen.duration_ms < 1400


async def test_a_redirect_at_home_needs_a_login_of_its_own(
    context: Context, target: NtlmTarget
) -> None:
    target.status, target.headers = 302, {"Location": "/next"}
    seen = await look(context, target.url, auth=ME, max_redirects=2)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TOO_MANY_REDIRECTS
    assert target.known == ["CORP\\me"] * 3
    assert [hop.status for hop in seen.hops] == [302, 302, 302]


async def test_the_login_is_for_the_targets_own_origin(
    context: Context, target: NtlmTarget
) -> None:
    async with serving(answer(302, f"Location: {target.url}")) as start:
        seen = await look(context, start.url, auth=ME)
    assert seen.facts["status"] == 401
    assert "authorization" not in target.requests[0][1].headers


async def test_through_a_tunnel(context: Context) -> None:
    with identity("valid") as good:
        here = replace(context, ca_file=str(good.ca_file))
        async with serving_ntlm(*ACCOUNTS, tls=good.context) as target, proxying() as proxy:
            seen = await look(
                here, target.url, auth=ME, proxy={"url": f"http://127.0.0.1:{proxy.port}"}
            )
    assert seen.trouble is None, seen.trouble
    assert seen.facts["status"] == 200
    assert len(proxy.asked) == 1


async def test_the_proof_is_a_secret(context: Context, target: NtlmTarget) -> None:
    seen = await look(context, target.url, auth=ME)
    (proof,) = seen.secrets
    assert target.requests[1][1].headers["authorization"] == f"NTLM {proof}"


async def test_a_prober_without_the_library(
    context: Context, target: NtlmTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)
    seen = await look(context, target.url, auth=ME)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert "needs pyspnego" in seen.trouble.message
    assert not target.requests
