"""What is sent: methods, bodies, credentials."""

import base64
from typing import Any

import pytest
from tests.prober.support import OK, answer, look, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context

BINARY = bytes(range(256))


@pytest.mark.parametrize("method", ["PURGE", "TRACE", "REPORT", "M-SEARCH", "x!y"])
async def test_any_method(context: Context, method: str) -> None:
    async with serving(OK) as server:
        seen = await look(context, server.url, method=method)
    assert seen.trouble is None
    assert server.line() == f"{method} / HTTP/1.1"


@pytest.mark.parametrize(
    ("given", "body", "content_type"),
    [
        ({"body": "ä"}, "ä".encode(), None),
        ({"body": ""}, b"", None),
        ({"body_base64": base64.b64encode(BINARY).decode()}, BINARY, None),
        ({"json": {"a": [1, "ä"]}}, '{"a":[1,"ä"]}'.encode(), "application/json"),
        ({"json": 0}, b"0", "application/json"),
        (
            {"form": {"a": "1 &", "b": ["2", "ä"]}},
            b"a=1+%26&b=2&b=%C3%A4",
            "application/x-www-form-urlencoded",
        ),
    ],
)
async def test_bodies(
    context: Context, given: dict[str, Any], body: bytes, content_type: str | None
) -> None:
    async with serving(OK) as server:
        seen = await look(context, server.url, method="POST", **given)
    assert seen.trouble is None
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    stated = [h for h in head.decode().split("\r\n") if h.lower().startswith("content-type:")]
    assert stated == ([f"Content-Type: {content_type}"] if content_type else [])


async def test_a_content_type_of_ones_own_wins(context: Context) -> None:
    headers = {"content-type": "application/vnd.x+json"}
    async with serving(OK) as server:
        await look(context, server.url, method="POST", json={}, headers=headers)
    assert server.requests[0].lower().count(b"content-type") == 1
    assert server.header("content-type") == "application/vnd.x+json"


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        ({"scheme": "basic", "username": "ü:", "password": "p"}, "Basic w7w6OnA="),
        ({"scheme": "basic", "password": "key"}, "Basic OmtleQ=="),
        ({"scheme": "bearer", "token": "tok-en"}, "Bearer tok-en"),
    ],
)
async def test_credentials_replace_other_ones(
    context: Context, auth: dict[str, Any], sent: str
) -> None:
    async with serving(OK) as server:
        url = f"http://u:p@127.0.0.1:{server.port}/"
        await look(context, url, auth=auth, headers={"authorization": "Bearer other"})
    assert server.requests[0].lower().count(b"authorization:") == 1
    assert server.header("authorization") == sent


async def test_credentials_stay_with_their_origin(context: Context) -> None:
    auth = {"scheme": "bearer", "token": "secret"}
    async with serving(OK) as other:
        leading = answer(302, f"Location: http://127.0.0.1:{other.port}/")
        async with serving(leading) as server:
            await look(context, server.url, auth=auth)
    assert other.header("authorization") is None


async def test_the_number_of_redirects_is_the_targets_to_say(context: Context) -> None:
    async with serving(answer(302, "Location: /")) as server:
        seen = await look(context, server.url, max_redirects=0)
        assert len(server.requests) == 1
        assert seen.trouble is not None
        assert seen.trouble.reason is Reason.TOO_MANY_REDIRECTS
        seen = await look(context, server.url, max_redirects=2)
    assert len(server.requests) == 4
    assert seen.subjects["redirects"] == 2


async def test_what_an_answer_must_be(context: Context) -> None:
    async with serving(OK) as server:
        good = await look(context, server.url, http_versions=["1.0", "1.1"], require_tls=False)
        old = await look(context, server.url, http_versions=["2"])
        bare = await look(context, server.url, require_tls=True)
    assert good.trouble is None
    assert old.trouble is not None
    assert (old.trouble.reason, old.facts["status"]) == (Reason.PROTOCOL_ERROR, 200)
    assert old.trouble.message == "it answered in HTTP/1.1, not 2"
    assert bare.trouble is not None
    assert bare.trouble.message == "it answered without TLS, which is required"
