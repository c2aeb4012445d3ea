"""Credentials that take more than one request: digest, and OAuth 2 client credentials."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.prober.http_proxies import proxying
from tests.prober.support import OK, Server, answer, closed_port, hang, look, serving

from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.prober.probes.http import HttpProbe
from vedette.testing.certificates import identity

Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
CLIENT = {"scheme": "oauth2", "client_id": "me", "client_secret": "s:cret"}


def digesting(password: str) -> Script:
    """A server that wants a digest (RFC 7616) of this password, and says so with a body."""
    wanted = answer(
        401, 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"', body=b"who are you?"
    )

    async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
        line, _, rest = request.decode().partition("\r\n")
        stated = dict(re.findall(r'(\w+)="?([^",\r]*)', rest))
        method, path = line.split()[:2]
        first = hashlib.md5(f"me:r:{password}".encode()).hexdigest()
        second = hashlib.md5(f"{method}:{path}".encode()).hexdigest()
        parts = [first, "n", stated.get("nc"), stated.get("cnonce"), "auth", second]
        expected = hashlib.md5(":".join(map(str, parts)).encode()).hexdigest()
        writer.write(OK if stated.get("response") == expected else wanted)

    return script


@pytest.mark.parametrize("read_body", [True, False])
@pytest.mark.parametrize(("password", "status"), [("right", 200), ("wrong", 401)])
async def test_digest(context: Context, password: str, status: int, read_body: bool) -> None:
    auth = {"scheme": "digest", "username": "me", "password": password}
    async with serving(digesting("right")) as server:
        seen = await look(
            context, server.url + "a?b", auth=auth, method="POST", body="b", read_body=read_body
        )
        assert seen.trouble is None, seen.trouble
        assert seen.facts["status"] == status
        seen = await look(context, server.url, auth=auth, read_body=read_body)
    assert seen.facts["status"] == status
    assert seen.answer is not None
    if read_body:
        assert seen.answer.text() == ("ok" if status == 200 else "who are you?")


async def test_a_digest_is_not_for_other_origins(context: Context) -> None:
    auth = {"scheme": "digest", "username": "me", "password": "right"}
    async with serving(digesting("right")) as other:
        leading = answer(302, f"Location: http://127.0.0.1:{other.port}/")
        async with serving(leading) as server:
            seen = await look(context, server.url, auth=auth)
    assert seen.facts["status"] == 401
    assert other.header("authorization") is None


def issuing(*tokens: str, **more: Any) -> Script:
    """A token endpoint that gives these tokens in turn."""
    left = list(tokens)

    async def script(_request: bytes, writer: asyncio.StreamWriter) -> None:
        said = {"access_token": left.pop(0), "token_type": "bearer", "expires_in": 3600, **more}
        writer.write(answer(200, "Content-Type: application/json", body=json.dumps(said).encode()))

    return script


def a_probe(target: Server, endpoint: Server | str, **auth: Any) -> HttpProbe:
    url = endpoint if isinstance(endpoint, str) else endpoint.url + "token"
    credentials = CLIENT | {"token_url": url, **auth}
    return HttpProbe(HttpTarget.model_validate({"url": target.url, "auth": credentials}))


async def test_a_token_is_fetched_once_and_kept(context: Context) -> None:
    async with serving(OK) as target, serving(issuing("one", "two")) as endpoint:
        probes = [a_probe(target, endpoint, scope="read write") for _ in range(3)]
        seen = await asyncio.gather(*[probe.probe(context, 5) for probe in probes])
        await probes[0].probe(context, 5)
    assert [one.trouble for one in seen] == [None] * 3
    assert {target.header("authorization", n) for n in range(4)} == {"Bearer one"}
    assert len(endpoint.requests) == 1
    assert endpoint.line() == "POST /token HTTP/1.1"
    assert endpoint.header("authorization") == "Basic bWU6cyUzQWNyZXQ="
    form = dict(parse_qsl(endpoint.requests[0].decode().rpartition("\r\n")[2]))
    assert form == {"grant_type": "client_credentials", "scope": "read write"}


async def test_the_client_may_be_named_in_the_body(context: Context) -> None:
    async with serving(OK) as target, serving(issuing("one")) as endpoint:
        await a_probe(target, endpoint, client_auth="body", audience="a").probe(context, 5)
    assert endpoint.header("authorization") is None
    form = dict(parse_qsl(endpoint.requests[0].decode().rpartition("\r\n")[2]))
    assert (form["client_id"], form["client_secret"], form["audience"]) == ("me", "s:cret", "a")


async def test_a_token_that_expires_is_fetched_again(context: Context) -> None:
    async with serving(OK) as target, serving(issuing("one", "two", expires_in=0)) as endpoint:
        probe = a_probe(target, endpoint)
        for token in ("one", "two"):
            await probe.probe(context, 5)
            assert target.header("authorization") == f"Bearer {token}"


async def test_a_token_that_was_revoked_is_not_the_targets_fault(context: Context) -> None:
    good = ["one"]

    async def picky(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK if f"Bearer {good[0]}\r".encode() in request else answer(401))

    async with serving(picky) as target, serving(issuing("one", "two", "three")) as endpoint:
        probe = a_probe(target, endpoint)
        assert (await probe.probe(context, 5)).facts["status"] == 200
        good[0] = "two"
        assert (await probe.probe(context, 5)).facts["status"] == 200
        good[0] = "none"
        assert (await probe.probe(context, 5)).facts["status"] == 401
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(400, body=b'{"error":"invalid_client"}'), "HTTP status 400, 'invalid_client'"),
        (answer(200, body=b"{}"), "no access_token"),
        (answer(200, body=b"[]"), "no access_token"),
        (answer(200, body=b'{"access_token":"a\\r\\nX: 1"}'), "no access_token"),
        (answer(302, "Location: /"), "HTTP status 302"),
        (b"garbage\r\n\r\n", "not valid HTTP"),
        (hang, "took"),
    ],
)
async def test_without_a_token_it_is_an_internal_error(
    context: Context, said: bytes | Script, words: str
) -> None:
    async with serving(OK) as target, serving(said) as endpoint:
        seen = await a_probe(target, endpoint).probe(context, 0.3)
    assert target.requests == []
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert f"the token endpoint http://127.0.0.1:{endpoint.port} gave no token" in (
        seen.trouble.message
    )
    assert words in seen.trouble.message
    assert "s:cret" not in seen.trouble.message


async def test_an_endpoint_that_comes_back(context: Context) -> None:
    async with serving(OK) as target:
        port = closed_port()
        probe = a_probe(target, f"http://127.0.0.1:{port}/token")
        seen = await probe.probe(context, 5)
        assert seen.trouble is not None
        assert "refused" in seen.trouble.message


async def test_tokens_come_by_the_targets_proxy_and_authorities(context: Context) -> None:
    with identity("valid", hosts=["login.example"]) as good:
        async with (
            serving(OK, tls=good.context) as target,
            serving(issuing("one"), tls=good.context) as endpoint,
            proxying() as proxy,
        ):
            proxy.names["login.example"] = "127.0.0.1"
            url = f"https://login.example:{endpoint.port}/token"
            target_of = {
                "url": f"https://127.0.0.1:{target.port}/",
                "auth": CLIENT | {"token_url": url},
                "tls": {"ca": good.ca_file.read_text()},
                "proxy": {"url": f"http://127.0.0.1:{proxy.port}"},
            }
            seen = await HttpProbe(HttpTarget.model_validate(target_of)).probe(context, 5)
    assert seen.trouble is None, seen.trouble
    assert proxy.asked == [
        f"CONNECT login.example:{endpoint.port}",
        f"CONNECT 127.0.0.1:{target.port}",
    ]
    assert target.header("authorization") == "Bearer one"


async def test_a_token_is_not_for_other_origins(context: Context) -> None:
    async with serving(OK) as other, serving(issuing("one")) as endpoint:
        leading = answer(302, f"Location: http://127.0.0.1:{other.port}/")
        async with serving(leading) as target:
            await a_probe(target, endpoint).probe(context, 5)
    assert target.header("authorization") == "Bearer one"
    assert other.header("authorization") is None


async def test_clients_do_not_share_tokens(context: Context) -> None:
    async with serving(OK) as target, serving(issuing("one", "two", "three")) as endpoint:
        for changed in ({}, {"client_secret": "other"}, {"scope": "more"}):
            await a_probe(target, endpoint, **changed).probe(context, 5)
    assert [target.header("authorization", n) for n in range(3)] == [
        "Bearer one",
        "Bearer two",
        "Bearer three",
    ]
