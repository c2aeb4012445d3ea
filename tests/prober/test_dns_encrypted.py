"""Over TLS and HTTPS to a server, and everything that can happen on the way."""

import asyncio
import dataclasses

import dns.flags
import dns.message
import pytest
from tests.prober.dns_servers import ADDRESS, answering, ask, response, says
from tests.prober.support import each_bad_certificate, hang, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.certificates import Flavour, identity


async def test_over_tls(context: Context) -> None:
    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with answering(says(ADDRESS), udp=False, tls=good.context) as server:
            seen = await ask(trusting, f"localhost:{server.port}", transport="tls")
    assert seen.trouble is None
    assert list(seen.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    assert seen.subjects["certificate"]["days_left"] > 0
    assert "certificate_expires_at" in seen.facts


@each_bad_certificate
@pytest.mark.parametrize("transport", ["tls", "https"])
async def test_bad_certificates(
    context: Context, flavour: Flavour, reason: Reason, transport: str
) -> None:
    with identity(flavour) as bad:
        trusting = dataclasses.replace(context, ca_file=str(bad.ca_file))
        async with answering(says(ADDRESS), udp=False, tls=bad.context) as server:
            seen = await ask(trusting, server, transport=transport)
            assert seen.trouble is not None
            assert seen.trouble.reason is reason, seen.trouble
            if transport == "tls":
                seen = await ask(trusting, server, transport="tls", tls={"verify": False})
                assert seen.trouble is None


async def test_over_https(context: Context) -> None:
    async def answer_it(_head: bytes, writer: asyncio.StreamWriter) -> None:
        wire = server.requests[-1].partition(b"\r\n\r\n")[2]
        message = response(dns.message.from_wire(wire), ADDRESS).to_wire()
        writer.write(http(200, "application/dns-message", message))

    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with serving(answer_it, tls=good.context) as server:
            where = f"https://localhost:{server.port}/q"
            seen = await ask(trusting, where, transport="https", ip_protocol="ip4")
            own = {"ca": good.ca_file.read_text()}
            again = await ask(context, f"127.0.0.1:{server.port}", transport="https", tls=own)
    assert seen.trouble is again.trouble is None
    assert seen.subjects["answer"] == again.subjects["answer"] == ["192.0.2.1"]
    assert list(seen.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    assert seen.facts["ip"] == "127.0.0.1"
    assert "certificate_expires_at" in seen.facts
    heads = [request.partition(b"\r\n\r\n")[0] for request in server.requests]
    assert [head.split(b" HTTP")[0] for head in heads] == [b"POST /q", b"POST /dns-query"]
    assert b"Content-Type: application/dns-message\r\n" in heads[0]


def http(status: int, media_type: str, body: bytes) -> bytes:
    fields = [f"HTTP/1.1 {status} Said", f"Content-Type: {media_type}"]
    head = "\r\n".join([*fields, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


WRONG = [
    (http(503, "text/plain", b"later"), Reason.STATUS),
    (http(200, "text/html", b"<html>"), Reason.PROTOCOL_ERROR),
    (http(200, "application/dns-message", b"\xff" * 7), Reason.PROTOCOL_ERROR),
    (http(302, "text/plain\r\nLocation: /", b""), Reason.STATUS),
    (b"not http\r\n\r\n", Reason.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("said", "reason"), WRONG)
async def test_what_is_no_answer_over_https(context: Context, said: bytes, reason: Reason) -> None:
    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with serving(said, tls=good.context) as server:
            seen = await ask(trusting, f"127.0.0.1:{server.port}", transport="https")
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble


async def test_silence_over_https(context: Context) -> None:
    with identity("valid") as good:
        trusting = dataclasses.replace(context, ca_file=str(good.ca_file))
        async with serving(hang, tls=good.context) as server:
            where = f"127.0.0.1:{server.port}"
            seen = await ask(trusting, where, transport="https", timeout_s=0.3)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 290 <= seen.duration_ms < 2000


async def test_no_tls_there(context: Context) -> None:
    async with answering(says(ADDRESS), udp=False) as server:
        seen = await ask(context, server, transport="tls", timeout_s=0.5)
    assert seen.trouble is not None
    assert seen.trouble.reason in {Reason.TLS_HANDSHAKE, Reason.TIMEOUT}


async def test_a_hanging_handshake(context: Context) -> None:
    async with serving(hang) as server:
        seen = await ask(context, f"127.0.0.1:{server.port}", transport="tls", timeout_s=0.2)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert 190 <= seen.duration_ms < 2000
