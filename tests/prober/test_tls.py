"""Kind tls: handshakes, and what is asked of certificates, against real sockets."""

import asyncio
import ssl
import warnings
from asyncio import StreamReader, StreamWriter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.prober.support import naming, reset
from tests.prober.talking import Issued, Maker, presenting, saying, talking, tcp, tls

from vedette.core.outcome import Reason
from vedette.core.tls import TlsOptions
from vedette.prober.context import Context
from vedette.prober.streams.trust import trust_of

ALERT_RECORD = b"\x15\x03\x03\x00\x02\x02"


@pytest.fixture(scope="module")
def leaf() -> Issued:
    return Maker().make("here")


async def test_a_good_handshake(context: Context, leaf: Issued) -> None:
    async with talking(b"", tls=presenting(leaf)) as port:
        seen = await tls(context, port, tls={"ca": leaf.pem})
    assert seen.trouble is None
    assert list(seen.phases) == ["resolve", "connect", "tls"]
    assert seen.facts["tls_version"] == "TLSv1.3"
    certificate = seen.subjects["certificate"]
    assert certificate["days_left"] == pytest.approx(30, abs=0.01)
    assert certificate["names"] == ["localhost", "127.0.0.1"]
    assert certificate["key"] == "ec-p256"
    assert certificate["issuer"] == "CN=here"
    assert certificate["self_signed"] is True
    assert certificate["chain_valid"] is True
    assert certificate["version"] == "TLSv1.3"


async def test_the_probers_own_authorities(context: Context, leaf: Issued, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text(leaf.pem)
    async with talking(b"", tls=presenting(leaf)) as port:
        seen = await tls(replace(context, ca_file=str(ca_file)), port)
    assert seen.trouble is None


async def test_bad_authorities_are_our_own_fault(context: Context, leaf: Issued) -> None:
    async with talking(b"", tls=presenting(leaf)) as port:
        seen = await tls(replace(context, ca_file="/nowhere.pem"), port)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.INTERNAL_ERROR
    assert "/nowhere.pem" in seen.trouble.message


async def test_without_verification(context: Context) -> None:
    expired = Maker().make("here", since=-9, days=-2, hosts=["elsewhere.example"])
    async with talking(b"", tls=presenting(expired)) as port:
        seen = await tls(context, port, tls={"verify": False})
    assert seen.trouble is None
    assert seen.subjects["certificate"]["days_left"] == pytest.approx(-2, abs=0.01)
    assert "chain_valid" not in seen.subjects["certificate"]


async def test_the_name_that_is_asked_for(context: Context, leaf: Issued) -> None:
    asked: list[str | None] = []
    serving = presenting(leaf, sni_callback=lambda _tls, name, _context: asked.append(name))
    names = naming({"final.example": ["127.0.0.1"]})
    async with talking(b"", tls=serving) as port, names as (_, at):
        options = {"ca": leaf.pem}
        await tls(context, port, host="final.example.", resolver=at, tls=options)
        await tls(context, port, host="127.0.0.1", tls=options)
        await tls(context, port, tls={**options, "server_name": "mail.example"})
    assert asked == ["final.example", None, "mail.example"]


@pytest.mark.parametrize(
    ("days", "reason"), [(29, None), (31, Reason.CERTIFICATE)], ids=["enough", "too few"]
)
async def test_days_left(context: Context, leaf: Issued, days: int, reason: Reason | None) -> None:
    async with talking(b"", tls=presenting(leaf)) as port:
        seen = await tls(context, port, tls={"ca": leaf.pem}, min_days_left=days)
    assert (seen.trouble and seen.trouble.reason) == reason


async def test_days_left_of_what_the_certificate_depends_on(context: Context) -> None:
    maker = Maker()
    root = maker.make("root", ca=True)
    between = maker.make("between", by=root, ca=True, days=3)
    async with talking(b"", tls=presenting(maker.make("here", by=between), between)) as port:
        seen = await tls(context, port, tls={"ca": root.pem}, min_days_left=7)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CERTIFICATE
    assert "expires in 3.0 days" in seen.trouble.message
    assert seen.subjects["certificate"]["chain_days_left"] == pytest.approx(3, abs=0.01)


async def test_pinned_certificates(context: Context, leaf: Issued) -> None:
    async with talking(b"", tls=presenting(leaf)) as port:
        seen = await tls(context, port, tls={"ca": leaf.pem})
        own = str(seen.facts["certificate_fingerprint"])
        spelled = ":".join(own[at : at + 2] for at in range(0, 64, 2)).upper()
        same = await tls(context, port, tls={"ca": leaf.pem}, fingerprints=["0" * 64, spelled])
        other = await tls(context, port, tls={"ca": leaf.pem}, fingerprints=["0" * 64])
    assert same.trouble is None
    assert other.trouble is not None
    assert other.trouble.reason is Reason.CERTIFICATE
    assert own in other.trouble.message


async def test_versions(context: Context, leaf: Issued) -> None:
    serving = presenting(leaf, maximum_version=ssl.TLSVersion.TLSv1_2)
    async with talking(saying(serving)) as port:
        fits = await tls(context, port, tls={"ca": leaf.pem})
        older = await tls(context, port, tls={"ca": leaf.pem, "min_version": "1.3"})
    assert fits.facts["tls_version"] == "TLSv1.2"
    assert older.trouble is not None
    assert older.trouble.reason is Reason.TLS_HANDSHAKE
    assert older.facts["tls_alert"] == "protocol_version"


async def test_an_old_version_if_asked_for(context: Context, leaf: Issued) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        serving = presenting(
            leaf, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1
        )
    serving.set_ciphers("ALL:@SECLEVEL=0")
    async with talking(b"", tls=serving) as port:
        seen = await tls(context, port, tls={"ca": leaf.pem, "min_version": "1.0"})
        modern = await tls(context, port, tls={"ca": leaf.pem})
    assert seen.trouble is None
    assert seen.facts["tls_version"] == "TLSv1"
    assert modern.trouble is not None
    assert modern.trouble.reason is Reason.TLS_HANDSHAKE


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (40, "handshake_failure"),
        (42, "bad_certificate"),
        (48, "unknown_ca"),
        (70, "protocol_version"),
        (90, "user_canceled"),
        (110, "unsupported_extension"),
        (116, "certificate_required"),
        (120, "no_application_protocol"),
    ],
)
async def test_alerts_have_their_names(context: Context, number: int, name: str) -> None:
    async with talking(ALERT_RECORD + bytes([number])) as port:
        seen = await tls(context, port)
        expected = await tls(context, port, tls={"expect_alert": name})
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_HANDSHAKE
    assert name in seen.trouble.message
    assert seen.facts["tls_alert"] == name
    assert expected.trouble is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate(
    context: Context, leaf: Issued, version: ssl.TLSVersion
) -> None:
    authority = Maker().make("clients", ca=True)
    client = Maker().make("prober", by=authority)
    serving = presenting(leaf, verify_mode=ssl.CERT_REQUIRED, maximum_version=version)
    serving.load_verify_locations(cadata=authority.pem)
    options: dict[str, Any] = {"ca": leaf.pem}
    shown = {"client_certificate": client.pem, "client_key": client.key_pem}
    async with talking(saying(serving, "welcome\n")) as port:
        alert = "handshake_failure" if version == ssl.TLSVersion.TLSv1_2 else "certificate_required"
        without = await tls(context, port, tls={**options, "expect_alert": alert})
        steps = [{"expect": "welcome"}]
        refused = await tcp(context, port, tls=options, steps=steps)
        welcome = await tcp(context, port, tls=options | shown, steps=steps)
        unalarmed = await tls(context, port, tls={**options, **shown, "expect_alert": alert})
    assert without.trouble is None
    assert without.facts["tls_alert"] == alert
    assert refused.trouble is not None
    assert refused.trouble.reason is Reason.TLS_HANDSHAKE
    assert welcome.trouble is None
    assert unalarmed.trouble is not None
    assert unalarmed.trouble.reason is Reason.TLS_HANDSHAKE


async def test_no_tls_there(context: Context) -> None:
    async with talking(b"220 hello\r\n") as port:
        seen = await tls(context, port)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_HANDSHAKE
    assert "does not speak TLS" in seen.trouble.message


async def test_closed_in_the_handshake(context: Context) -> None:
    async def leave(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.read(10_000)

    async with talking(leave) as port:
        seen = await tls(context, port)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TLS_HANDSHAKE


async def test_reset_in_the_handshake(context: Context) -> None:
    async def break_off(_reader: StreamReader, writer: StreamWriter) -> None:
        reset(writer)

    async with talking(break_off) as port:
        seen = await tls(context, port)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.CONNECT_RESET


async def test_hanging_in_the_handshake(context: Context) -> None:
    async with talking(b"") as port:
        seen = await tls(context, port, timeout_s=0.3)
    assert seen.trouble is not None
    assert seen.trouble.reason is Reason.TIMEOUT
    assert "TLS handshake" in seen.trouble.message
    assert 300 <= seen.duration_ms < 2000


async def test_contexts_are_shared(context: Context) -> None:
    one = TlsOptions(server_name="one.example")
    other = TlsOptions(server_name="other.example")
    assert trust_of(one, context.ca_file) is trust_of(other, context.ca_file)


async def test_a_certificate_is_looked_at_each_time(context: Context, leaf: Issued) -> None:
    serving = presenting(leaf)
    async with talking(b"", tls=serving) as port:
        checks = [tls(context, port, tls={"ca": leaf.pem}) for _ in range(20)]
        seen = await asyncio.gather(*checks)
    assert all(one.trouble is None for one in seen)
    assert serving.session_stats()["hits"] == 0
