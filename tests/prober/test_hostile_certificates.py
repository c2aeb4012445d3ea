"""Certificates that nobody should have issued."""

from __future__ import annotations

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.prober.hostile import check, thorough
from tests.prober.talking import Maker, talking

from vedette.core.outcome import Outcome
from vedette.prober.context import Context
from vedette.prober.streams.certificates import parsed

GOOD = Maker().make("hostile")
DER = GOOD.certificate.public_bytes(Encoding.DER)
VERSION = DER.index(b"\xa0\x03\x02\x01\x02") + 4


def altered(*changes: tuple[int, int]) -> bytes:
    """The certificate with other bytes at these places."""
    der = bytearray(DER)
    for at, byte in changes:
        der[at % len(der)] = byte
    return bytes(der)


def showing(der: bytes) -> ssl.SSLContext:
    """A server that shows it. Raises SSLError if OpenSSL doesn't."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "chain.pem"
        file.write_text(GOOD.key_pem + ssl.DER_cert_to_PEM_cert(der))
        context.load_cert_chain(file)
    return context


@thorough
@given(
    changes=st.lists(st.tuples(st.integers(0, len(DER)), st.integers(0, 255)), max_size=3),
    verify=st.booleans(),
)
async def test_an_altered_certificate(
    context: Context, changes: list[tuple[int, int]], verify: bool
) -> None:
    try:
        server = showing(altered(*changes))
    except (ssl.SSLError, ValueError):
        return  # no server shows this one
    async with talking(b"", tls=server) as port:
        target = {"host": "127.0.0.1", "port": port, "tls": {"verify": verify}}
        result = await check(context, "tls", target, timeout_s=1)
    assert not verify or result.outcome is Outcome.DOWN


async def test_a_version_that_there_is_not(context: Context) -> None:
    async with talking(b"", tls=showing(altered((VERSION, 9)))) as port:
        target = {"host": "127.0.0.1", "port": port, "tls": {"verify": False}}
        result = await check(context, "tls", target, timeout_s=1)
    assert (result.reason, "can't be read" in (result.message or "")) == ("tls_handshake", True)


@thorough
@given(der=st.binary(max_size=300) | st.builds(lambda at: DER[:at], st.integers(0, len(DER))))
def test_bytes_that_are_none(der: bytes) -> None:
    assert parsed(der) is None or der == DER


@thorough
@given(changes=st.lists(st.tuples(st.integers(0, len(DER)), st.integers(0, 255)), max_size=5))
def test_any_alteration_is_read_or_not(changes: list[tuple[int, int]]) -> None:
    parsed(altered(*changes))


def test_names_of_a_kind_that_nobody_uses_are_left_out() -> None:
    at = DER.index(b"localhost") - 2
    strange = altered((at, 0xA3))  # an x400Address in place of a DNS name
    found = parsed(strange)
    assert found is not None
    assert found.names == ()


def test_a_good_one_is_read() -> None:
    found = parsed(DER)
    assert found is not None
    assert found.names == ("localhost", "127.0.0.1")
