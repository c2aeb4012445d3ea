"""Certificates and handshakes, against real sockets."""

import datetime as dt
import ssl
import time
from pathlib import Path

import pytest
import trustme
from tests.prober.support import OK, accepting, each_bad_certificate, hang, look, reset, serving

from vedette.core.outcome import Reason
from vedette.prober.context import Context
from vedette.testing.certificates import Flavour, identity


def trusting(context: Context, ca_file: Path | str) -> Context:
    return Context(context.curl, context.resolver, str(ca_file))


async def test_a_good_certificate(context: Context) -> None:
    with identity("valid") as good:
        async with serving(OK, tls=good.context) as server:
            url = f"https://localhost:{server.port}/"
            seen = await look(trusting(context, good.ca_file), url)
    assert seen.trouble is None
    assert list(seen.phases) == ["resolve", "connect", "tls", "first_byte", "transfer"]
    stated = str(seen.facts["certificate_expires_at"])
    assert dt.datetime.fromisoformat(stated) > dt.datetime.now(dt.UTC)
    certificate = seen.subjects["certificate"]
    for name in ("issuer", "serial"):
        assert seen.facts[f"certificate_{name}"] == certificate[name] != ""


@each_bad_certificate
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_bad_certificates(
    context: Context, flavour: Flavour, reason: Reason, host: str
) -> None:
    with identity(flavour) as bad:
        async with serving(OK, tls=bad.context) as server:
            seen = await look(trusting(context, bad.ca_file), f"https://{host}:{server.port}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is reason, seen.trouble
    assert f"the certificate of {host}:{server.port}" in seen.trouble.message
    assert list(seen.phases)[-1] == "tls"


async def test_a_certificate_of_tomorrow(context: Context, tmp_path: Path) -> None:
    authority = trustme.CA()
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(
        "127.0.0.1", not_before=tomorrow, not_after=tomorrow + dt.timedelta(days=1)
    ).configure_cert(tls)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with serving(OK, tls=tls) as server:
        seen = await look(trusting(context, ca_file), f"https://127.0.0.1:{server.port}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_NOT_YET_VALID


async def test_a_certificate_is_looked_at_each_time(context: Context) -> None:
    """A resumed TLS session would not show it."""
    with identity("valid") as good:
        async with serving(OK, tls=good.context) as server:
            url = f"https://127.0.0.1:{server.port}/"
            for _ in range(3):
                seen = await look(trusting(context, good.ca_file), url)
                assert "certificate_expires_at" in seen.facts
        assert good.context.session_stats()["hits"] == 0


async def test_no_tls_there(context: Context) -> None:
    async with accepting(lambda writer: writer.write(b"hello\r\n")) as port:
        seen = await look(context, f"https://127.0.0.1:{port}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_HANDSHAKE


async def test_reset_in_the_handshake(context: Context) -> None:
    async with accepting(reset) as port:
        seen = await look(context, f"https://127.0.0.1:{port}/")
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET


async def test_hanging_in_the_handshake(context: Context) -> None:
    async with serving(hang) as server:
        began = time.perf_counter()
        seen = await look(context, f"https://127.0.0.1:{server.port}/", timeout_s=0.3)
        took = time.perf_counter() - began
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert "in the TLS handshake" in seen.trouble.message
    assert 0.3 <= took < 2


async def test_a_bad_ca_file_is_our_own_fault(context: Context, tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.touch()
    with identity("valid") as good:
        async with serving(OK, tls=good.context) as server:
            url = f"https://127.0.0.1:{server.port}/"
            seen = await look(trusting(context, empty), url)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert str(empty) in seen.trouble.message
