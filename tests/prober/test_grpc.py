"""Kind grpc, against real servers and hostile ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError
from tests.prober.grpc_servers import (
    HEAD,
    SERVING,
    goodbye,
    grpc_server,
    health_of,
    in_http2,
    reset_of_stream,
)
from tests.prober.support import OK, closed_port, serving, time_for
from tests.prober.talking import Maker, Talk, talking

from vedette.core.assertions import shortform
from vedette.core.kinds import parse_monitor
from vedette.core.kinds.grpc import GrpcTarget
from vedette.core.outcome import Reason
from vedette.core.redaction import redacted
from vedette.prober.context import Context
from vedette.prober.guard import Guard
from vedette.prober.plans import plan_of

GOOD = {"grpc-status": "0"}
HEALTHS = {"": "SERVING", "shop.v1.Orders": "NOT_SERVING", "new": "UNKNOWN"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with grpc_server(HEALTHS) as port:
        yield port


async def test_a_server_that_serves(context: Context, port: int) -> None:
    seen = await health_of(context, port)
    assert seen.trouble is None, seen.trouble
    assert seen.facts == {
        "ip": "127.0.0.1",
        "http_version": "2",
        "grpc_status": "OK",
        "health": "SERVING",
    }
    assert list(seen.phases) == ["connect", "first_byte", "transfer"]
    assert seen.subjects["answer"] == "SERVING"


@pytest.mark.parametrize(
    ("service", "words", "facts"),
    [
        (
            "shop.v1.Orders",
            "its health is NOT_SERVING, not SERVING",
            {"grpc_status": "OK", "health": "NOT_SERVING"},
        ),
        ("new", "its health is UNKNOWN, not SERVING", {"health": "UNKNOWN"}),
        ("x" * 200, "answered with NOT_FOUND: it knows no service 'xx", {}),
    ],
)
async def test_services_that_do_not_serve(
    context: Context, port: int, service: str, words: str, facts: dict[str, Any]
) -> None:
    seen = await health_of(context, port, service=service)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.STATUS
    assert words in seen.trouble.message
    assert facts.items() <= seen.facts.items()


async def test_another_health_may_be_expected(context: Context, port: int) -> None:
    good = await health_of(
        context, port, service="shop.v1.Orders", expect_status="NOT_SERVING", authority="inner:1"
    )
    bad = await health_of(context, port, expect_status="NOT_SERVING")
    assert good.trouble is None
    assert bad.trouble is not None
    assert bad.trouble.message == "its health is SERVING, not NOT_SERVING"


async def test_errors_are_told_by_name(context: Context, port: int) -> None:
    with grpc_server(None) as bare:
        unimplemented = await health_of(context, bare)
    denied = await health_of(context, port, metadata={"X-Deny": "Ann"})
    assert unimplemented.trouble is not None
    assert denied.trouble is not None
    assert unimplemented.trouble.reason is denied.trouble.reason is Reason.STATUS
    assert "UNIMPLEMENTED: it does not offer grpc.health.v1" in unimplemented.trouble.message
    assert "PERMISSION_DENIED ('not you, Ann: \u00e9')" in denied.trouble.message
    assert denied.facts["grpc_status"] == "PERMISSION_DENIED"


async def test_over_tls(context: Context, port: int) -> None:
    own = Maker().make("here")
    with grpc_server(HEALTHS, tls=own) as secure:
        seen = await health_of(context, secure, host="localhost", tls={"ca": own.pem})
        distrusted = await health_of(context, secure, tls={})
        plain = await health_of(context, secure)
    seen_in_the_clear = await health_of(context, port, tls={})
    assert seen.trouble is None, seen.trouble
    assert list(seen.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    assert "certificate_expires_at" in seen.facts
    assert seen.subjects["certificate"]["chain_valid"]
    reasons = [one.trouble and one.trouble.reason for one in (distrusted, seen_in_the_clear)]
    assert reasons == [Reason.TLS_SELF_SIGNED, Reason.TLS_HANDSHAKE]
    assert plain.trouble is not None  # the server may close or reset
    assert plain.trouble.reason in {Reason.PROTOCOL_ERROR, Reason.CONNECT_RESET}


@pytest.mark.parametrize(
    ("server", "reason", "words"),
    [
        (in_http2(trailers=GOOD), None, ""),
        (in_http2({**HEAD, "content-type": "application/grpc+proto"}, trailers=GOOD), None, ""),
        (in_http2(HEAD | GOOD), None, ""),
        (in_http2(body=b"\0\0\0\0\7\x1a\1x\x18\5\x08\1", trailers=GOOD), None, ""),
        (in_http2({":status": "503"}, b"sorry"), Reason.STATUS, "HTTP status 503"),
        (
            in_http2({":status": "200", "content-type": "text/html"}, b"<html>"),
            Reason.PROTOCOL_ERROR,
            "text/html, not application/grpc",
        ),
        (in_http2(), Reason.PROTOCOL_ERROR, "no valid grpc-status: ''"),
        (in_http2(trailers={"grpc-status": "9" * 5000}), Reason.PROTOCOL_ERROR, "grpc-status: '99"),
        (in_http2(trailers={"grpc-status": "OK"}), Reason.PROTOCOL_ERROR, "grpc-status: 'OK'"),
        (in_http2(trailers={"grpc-status": "42"}), Reason.STATUS, "code 42"),
        (in_http2(HEAD | {"grpc-status": "14", "grpc-message": "a%20b"}, b""), Reason.STATUS,
         "UNAVAILABLE ('a b')"),
        (in_http2(body=b"", trailers=GOOD), Reason.PROTOCOL_ERROR, "it holds no message"),
        (in_http2(body=b"\0\0", trailers=GOOD), Reason.PROTOCOL_ERROR, "cut off"),
        (in_http2(body=SERVING * 2, trailers=GOOD), Reason.PROTOCOL_ERROR, "2 bytes and has 9"),
        (in_http2(body=b"\1" + SERVING[1:], trailers=GOOD), Reason.PROTOCOL_ERROR, "compressed"),
        (in_http2(body=b"\0\0\0\0\2\x08\xff", trailers=GOOD), Reason.PROTOCOL_ERROR, "cut off"),
        (in_http2(body=b"\0\0\0\0\2\x12\x7f", trailers=GOOD), Reason.PROTOCOL_ERROR, "cut off"),
        (in_http2(body=b"\0\0\0\0\1\x0f", trailers=GOOD), Reason.PROTOCOL_ERROR, "Buffers"),
        (in_http2(body=b"\0\0\0\0\2\x08\x09", trailers=GOOD), Reason.STATUS, "its health is 9"),
        (in_http2(body=b"\0" * 10_000, trailers=GOOD), Reason.PROTOCOL_ERROR, "grpc-status"),
        (in_http2(trailers={}, then=reset_of_stream(2)), Reason.PROTOCOL_ERROR, "HTTP"),
        (in_http2(trailers={}, then=goodbye(2)), Reason.PROTOCOL_ERROR, "HTTP"),
        (in_http2(trailers={}), Reason.TIMEOUT, "took longer"),
    ],
)  # fmt: skip
async def test_answers(context: Context, server: Talk, reason: Reason | None, words: str) -> None:
    async with talking(server) as port:
        seen = await health_of(context, port, timeout_s=time_for(reason))
    assert (seen.trouble and seen.trouble.reason) == reason, seen.trouble
    assert words in (seen.trouble.message if seen.trouble else "")
    assert seen.duration_ms < 4000


async def test_what_speaks_no_http2(context: Context) -> None:
    async with serving(OK) as old, talking(b"") as silent:
        seen = [
            await health_of(context, old.port, timeout_s=5),
            await health_of(context, silent, timeout_s=0.3),
            await health_of(context, closed_port()),
            await health_of(replace(context, guard=Guard("loopback")), silent),
        ]
    assert [one.trouble and one.trouble.reason for one in seen] == [
        Reason.PROTOCOL_ERROR,
        Reason.TIMEOUT,
        Reason.CONNECT_REFUSED,
        Reason.FORBIDDEN_TARGET,
    ]


async def test_garbage_ends_in_time(context: Context) -> None:
    """libcurl goes on waiting behind what can't be HTTP/2, for as long as it may."""
    async with talking(b"SSH-2.0-x\r\n" * 99) as port:
        seen = await health_of(context, port, timeout_s=0.5)
    assert seen.trouble is not None
    assert seen.trouble.reason in {Reason.PROTOCOL_ERROR, Reason.TIMEOUT}
    assert seen.duration_ms < 3000


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({}, "port"),
        ({"port": 1, "expect_status": "OK"}, "expect_status"),
        ({"port": 1, "metadata": {"grpc-timeout": "1S"}}, "gRPC's own"),
        ({"port": 1, "metadata": {"TE": "x"}}, "gRPC's own"),
        ({"port": 1, "metadata": {"a b": "x"}}, "not a header name"),
        ({"port": 1, "metadata": {"a": "x", "A": "y"}}, "given once"),
        ({"port": 1, "authority": "a b"}, "authority"),
        ({"port": 1, "host": "grpc://a.example"}, "no URL"),
    ],
)
def test_refused_targets(target: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        GrpcTarget.model_validate({"host": "a.example", **target})
    assert re.search(re.escape(words), str(refusal.value)), refusal.value


def test_definitions_survive_the_way_to_a_prober_and_secrets_are_hidden() -> None:
    target = {
        "host": "::1",
        "port": 443,
        "service": "a.b",
        "tls": {},
        "metadata": {"authorization": "secret", "x-team": "shop"},
    }
    assertions = [shortform.parse("answer == 'SERVING'")]
    spec = parse_monitor({"name": "a", "kind": "grpc", "target": target, "assertions": assertions})
    assert GrpcTarget.model_validate(spec.probed(compact=True)["target"]) == spec.target
    assert plan_of(spec.probed()).kind == "grpc"
    assert spec.target.summary() == "gRPC [::1]:443 a.b"
    shown = redacted(spec)["target"]["metadata"]
    assert shown["x-team"] == "shop"
    assert "secret" not in shown["authorization"]
