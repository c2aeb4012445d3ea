"""What a check sent does not come back in its result, whatever the target does with it."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import structlog
from tests.prober.support import a_batch, a_job, answer, serving
from tests.prober.test_handlers import Prober

from vedette.core.job import EVIDENCE_BODY_BYTES
from vedette.core.kinds.http import HttpTarget
from vedette.core.outcome import Outcome, Reason
from vedette.prober.context import Context
from vedette.prober.discretion import discretion_of
from vedette.prober.jobs import parse_batch
from vedette.prober.plans import Plans, Unusable

PASSWORD = 'hun"ter & 2'
TOKEN = "t0ken-of-the-tests"


async def echo(head: bytes, writer: asyncio.StreamWriter) -> None:
    """Answer 500 with the request, as debug pages do, in its head too."""
    line = head.split(b"\r\n")[0]
    writer.write(answer(500, "X-Line: " + line.decode(), f"Location: /?token={TOKEN}", body=head))
    await writer.drain()


def credentials(url: str) -> list[dict[str, Any]]:
    host = url.removeprefix("http://")
    return [
        {"url": f"http://ann:{quote(PASSWORD)}@{host}"},
        {"url": f"{url}?page=1&access_token={TOKEN}"},
        {"url": url, "headers": {"X-Api-Key": TOKEN}},
        {"url": url, "headers": {"Cookie": f"a=b; session={TOKEN}"}},
        {"url": url, "auth": {"scheme": "bearer", "token": TOKEN}},
        {"url": url, "auth": {"scheme": "basic", "username": "ann", "password": PASSWORD}},
    ]


FORMS = [
    TOKEN,
    PASSWORD,
    quote(PASSWORD),
    base64.b64encode(f"ann:{PASSWORD}".encode()).decode(),
]


async def test_a_target_that_echoes_is_shown_without_secrets(context: Context) -> None:
    prober = Prober(context)
    async with serving(echo) as server:
        results = await prober.run(*[a_job(target=one) for one in credentials(server.url)])
        sent = b"".join(server.requests).decode()
    assert TOKEN in sent
    assert len(results) == 6
    for result in results:
        assert result.outcome is Outcome.DOWN
        assert result.evidence is not None
        assert result.evidence.body is not None
        assert "HTTP/1.1" in result.evidence.body
        told = result.model_dump_json()
        for form in FORMS:
            assert form not in told
            assert json.dumps(form)[1:-1] not in told


async def test_assertions_that_quote_what_they_saw_quote_no_secret(context: Context) -> None:
    async with serving(answer(200, f"X-Seen: {TOKEN}", body=TOKEN.encode())) as server:
        target = {"url": server.url, "headers": {"X-Api-Key": TOKEN}}
        wanted = [
            {"subject": "header", "property": "x-seen", "operator": "equals", "value": "a"},
            {"subject": "body", "operator": "equals", "value": "a"},
            {"subject": "json", "property": "$.a", "operator": "equals", "value": 1},
        ]
        jobs = [a_job(target=target, assertions=[one]) for one in wanted]
        results = await Prober(context).run(*jobs)
    for result in results:
        assert result.outcome is Outcome.DOWN
        assert TOKEN not in result.model_dump_json()
        assert "********" in str(result.message)


async def test_evidence_that_is_cut_within_a_secret_shows_none_of_it(context: Context) -> None:
    body = b"x" * (EVIDENCE_BODY_BYTES - 12) + TOKEN.encode()
    async with serving(answer(500, body=body)) as server:
        target = {"url": server.url, "headers": {"X-Api-Key": TOKEN}}
        (result,) = await Prober(context).run(a_job(target=target))
    assert result.evidence is not None
    assert str(result.evidence.body).endswith("x********")


async def test_a_token_that_was_fetched_is_not_shown_either(context: Context) -> None:
    fetched = "a-token-nobody-wrote-down"
    stated = json.dumps({"access_token": fetched, "expires_in": 60}).encode()
    async with serving(answer(200, body=stated)) as issuer, serving(echo) as server:
        auth = {"scheme": "oauth2", "token_url": issuer.url, "client_id": "ann",
                "client_secret": PASSWORD}  # fmt: skip
        (result,) = await Prober(context).run(a_job(target={"url": server.url, "auth": auth}))
        assert fetched in server.requests[0].decode()
    assert result.reason is Reason.STATUS
    assert fetched not in result.model_dump_json()


@pytest.mark.parametrize(
    "target",
    [
        {"url": f"http://ann:{TOKEN}@h:x/"},
        {"url": f"{TOKEN}.example", "headers": {"X-Api-Key": TOKEN}},
        {"url": "http://h/", "auth": {"scheme": "bearer", "token": f"{TOKEN}\n"}},
        {"url": "http://h/", "headers": {"X-Api-Key": f"{TOKEN}\n"}},
        {"url": "http://h/", "surprise": TOKEN, "password": TOKEN},
    ],
)
async def test_what_is_wrong_with_a_definition_is_said_without_secrets(
    context: Context, target: dict[str, Any]
) -> None:
    (result,) = await Prober(context).run(a_job(target=target))
    assert result.outcome is Outcome.INTERNAL_ERROR
    assert TOKEN not in result.model_dump_json()


async def test_a_probe_that_breaks_says_and_logs_no_secret(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: object, context: Context, timeout_s: float) -> None:
        raise RuntimeError(f"no idea what {TOKEN} is")

    monkeypatch.setattr("vedette.prober.probes.http.HttpProbe.probe", broken)
    with structlog.testing.capture_logs() as logs:
        target = {"url": "http://h/", "headers": {"X-Api-Key": TOKEN}}
        (result,) = await Prober(context).run(a_job(target=target))
    assert result.message == "the prober failed: RuntimeError: no idea what ******** is"
    assert "a probe failed" in str(logs)
    assert TOKEN not in str(logs)


def test_bodies_are_searched_for_what_logs_in() -> None:
    for body in (
        {"json": {"user": "ann", "password": PASSWORD}},
        {"form": {"user": "ann", "password": PASSWORD}},
        {"body": json.dumps({"password": PASSWORD})},
        {"body": f"user=ann&password={quote_plus(PASSWORD)}"},
    ):
        discretion = discretion_of(HttpTarget(url="http://h/", method="POST", **body))
        assert discretion.text(f"saw {PASSWORD} of ann") == "saw ******** of ann"


def test_a_definition_that_the_scheduler_could_not_read_says_why() -> None:
    job = parse_batch(a_batch(a_job(target={}, obstacle="VEDETTE_SECRET_KEY is another")))[0]
    with pytest.raises(Unusable, match="VEDETTE_SECRET_KEY is another"):
        Plans().of(job)
